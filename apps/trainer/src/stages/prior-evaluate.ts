import type { RgbImage, Sample } from '@gss/datasets';
import { addToConfusion, createConfusion, scores } from '@gss/metrics';
import { createSegmenter, type GssModelConfig, type ModelParams, type NetworkParams } from '@gss/segmenter';
import { mapTree, type Tree } from '@gss/tensor';
import type { RunLogger } from '@gss/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../cli/errors.js';
import { sameClasses } from '../data/sources.js';
import { join, thin } from '../images/sheet.js';
import { draw, rgbPng } from '../images/write.js';
import type { StageContext } from './stage.js';

/** The figure by which the best weights are chosen. */
export const evaluationFigure = 'val/mIoU';

/** Positions spread evenly over a list: all of them where there are no more than `count`. */
export function spread(length: number, count = length): number[] {
  const n = Math.min(length, count);
  return Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * length) / n));
}

/** Widest that one of the four pictures is shown. */
const shownWidth = 480;

export interface PriorEvaluation {
  /** What is looked at, for people: "40 images of val". */
  readonly name: string;
  /** Figures of the network as it is, 0–100, with pictures for TensorBoard. */
  readonly run: (params: NetworkParams, step: number, log: RunLogger) => Promise<Record<string, number>>;
}

/** image · truth · maskige · prediction, side by side. */
const sheet = (
  { image, labels }: Sample,
  maskige: RgbImage,
  predicted: RgbImage,
  colours: Parameters<typeof draw>[1],
) =>
  join(
    [image, draw(labels, colours), maskige, predicted].map((picture) => thin(picture, shownWidth)),
    'row',
  );

/**
 * Evaluation of stage II while it trains, as `prior.evaluate` asks for it; undefined where it does not. `whole` puts the other
 * parts of the model beside the network.
 */
export async function openEvaluation(
  { config, evaluation }: StageContext,
  model: GssModelConfig,
  whole: (network: NetworkParams) => ModelParams,
): Promise<PriorEvaluation | undefined> {
  const { evaluate, keep } = config.prior;
  if (!evaluate) {
    if (keep === 'best')
      throw new UsageError('prior.keep=best needs prior.evaluate: say how often, e.g. {"every": 200}.');
    return undefined;
  }
  if (!evaluation)
    throw new UsageError('prior.evaluate: this command does not evaluate while it trains. Use gss train.');
  const { data, name } = await evaluation();
  sameClasses(model.classes, data.classes, `prior.evaluate (${name})`);
  const positions = spread(data.dataset.length, evaluate.count);
  const shown = new Set(spread(positions.length, evaluate.pictures).map((at) => positions[at]!));
  const colours = model.classes.map(({ color }) => color);
  return {
    name: `${positions.length} ${name}`,
    async run(params, step, log) {
      const began = performance.now();
      // The segmenter frees its parameters: it gets handles of its own, which copy nothing.
      const own = mapTree(whole(params) as Tree<tf.Tensor>, (tensor) => tf.clone(tensor));
      const segmenter = createSegmenter(model, own as unknown as ModelParams);
      const confusion = createConfusion(model.classes.length);
      const pictures: { tag: string; png: Uint8Array; width: number; height: number }[] = [];
      try {
        for (const position of positions) {
          const sample = await data.dataset.read(position);
          const prediction = await segmenter.predict(sample.image);
          const labels = await prediction.labels();
          addToConfusion(confusion, labels.data, sample.labels.data, { ignore: 255 });
          if (shown.has(position)) {
            const { width, height, ...row } = sheet(sample, await prediction.maskige(), draw(labels, colours), colours);
            const png = await rgbPng({ ...row, width, height });
            pictures.push({ tag: `val/${sample.name}`, png, width, height });
          }
          prediction.dispose();
        }
      } finally {
        segmenter.dispose();
      }
      if (pictures.length) log.images(step, pictures);
      const { mIoU, mAcc, aAcc, perClass } = scores(confusion);
      const classes = model.classes.flatMap(({ name }, i) => {
        const { iou } = perClass[i]!;
        return Number.isFinite(iou) ? [[`val/iou/${name}`, iou] as const] : []; // a class that does not occur has none
      });
      const seconds = (performance.now() - began) / 1000;
      return {
        [evaluationFigure]: mIoU,
        'val/mAcc': mAcc,
        'val/aAcc': aAcc,
        ...Object.fromEntries(classes),
        'val/seconds': seconds,
      };
    },
  };
}
