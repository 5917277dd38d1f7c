import type { ClassInfo, SegmentationDataset } from '@gss/datasets';
import {
  addToBoundaryConfusion,
  addToConfusion,
  type Confusion,
  createConfusion,
  type LabelMap,
  scores,
} from '@gss/metrics';
import type { AugmentOptions, Segmenter } from '@gss/segmenter';
import { UsageError } from '../cli/errors.js';
import type { Output } from '../cli/output.js';

/** Figures of an evaluation in the form that scripts may rely on; percentages 0–100, null where a class does not occur. */
export interface Evaluation {
  readonly mIoU: number;
  readonly mAcc: number;
  readonly aAcc: number;
  readonly images: number;
  /** Mean Boundary IoU (Cheng et al., CVPR 2021) at 2 % of the diagonal, where it was asked for. */
  readonly boundaryIoU?: number;
  readonly perClass: readonly {
    readonly name: string;
    readonly iou: number | null;
    readonly acc: number | null;
    readonly boundaryIoU?: number | null;
  }[];
}

const figure = (value: number) => (Number.isFinite(value) ? value : null);

export function summarise(
  confusion: Confusion,
  classes: readonly Pick<ClassInfo, 'name'>[],
  images: number,
  boundary?: Confusion,
): Evaluation {
  const { mIoU, mAcc, aAcc, perClass } = scores(confusion);
  const edges = boundary && scores(boundary);
  return {
    mIoU,
    mAcc,
    aAcc,
    images,
    ...(edges ? { boundaryIoU: edges.mIoU } : {}),
    perClass: classes.map(({ name }, i) => ({
      name,
      iou: figure(perClass[i]!.iou),
      acc: figure(perClass[i]!.acc),
      ...(edges ? { boundaryIoU: figure(edges.perClass[i]!.iou) } : {}),
    })),
  };
}

interface EvaluationContext {
  readonly out: Output;
  readonly signal: AbortSignal;
  /** Boundary IoU too; it takes tens of milliseconds an image more. */
  readonly boundary?: boolean;
}

/** Runs `segment` over a whole split, one image at a time in order. */
export async function evaluateWith(
  dataset: SegmentationDataset,
  classes: readonly Pick<ClassInfo, 'name'>[],
  segment: (index: number) => Promise<{ prediction: LabelMap; truth: LabelMap }>,
  { out, signal, boundary }: EvaluationContext,
): Promise<Evaluation> {
  const confusion = createConfusion(classes.length);
  const edges = boundary ? createConfusion(classes.length) : undefined;
  const bar = out.progress('evaluate ', dataset.length);
  try {
    for (let i = 0; i < dataset.length; i++) {
      if (signal.aborted)
        throw new UsageError(
          `evaluate: interrupted after ${i} of ${dataset.length} images; no figures, since they would be of a part. Run it again.`,
        );
      const { prediction, truth } = await segment(i);
      addToConfusion(confusion, prediction.data, truth.data, { ignore: 255 });
      if (edges) addToBoundaryConfusion(edges, prediction, truth, { ignore: 255 });
      bar.update(i + 1);
    }
  } finally {
    bar.stop();
  }
  return summarise(confusion, classes, dataset.length, edges);
}

/** A model on a split, with test-time augmentation if asked for. */
export function evaluateModel(
  segmenter: Segmenter,
  dataset: SegmentationDataset,
  context: EvaluationContext,
  augment?: AugmentOptions,
): Promise<Evaluation> {
  return evaluateWith(
    dataset,
    segmenter.config.classes,
    async (i) => {
      const { image, labels } = await dataset.read(i);
      const prediction = await segmenter.predict(image, { signal: context.signal, ...(augment ? { augment } : {}) });
      const map = await prediction.labels();
      prediction.dispose();
      return { prediction: map, truth: labels };
    },
    context,
  );
}
