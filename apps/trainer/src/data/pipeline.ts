import type { ClassBalance, PhotoMetricOptions, TransformSpec } from '@gss/datasets';

export interface CropPipeline {
  readonly crop: readonly [height: number, width: number];
  /** Long and short side that pictures are brought to fit into before the random scale; default their own size. */
  readonly scale?: readonly [long: number, short: number] | undefined;
  readonly ratioRange: readonly [number, number];
  readonly catMaxRatio?: number;
  /** Crops on a grid of this many pixels instead of anywhere: fixed crops, whose tokens can be kept. */
  readonly cropStride?: number | undefined;
  /** mmsegmentation's PhotoMetricDistortion, or with other sizes. */
  readonly photometric?: boolean | PhotoMetricOptions;
}

/**
 * The reference's training pipeline: resize, crop, flip, distort, pad. Normalisation is left to the device, so that
 * batches travel as bytes. `size` is that of the data set's pictures; with
 * `classBalance` some crops are drawn around pixels of rare classes.
 */
export function trainingPipeline(
  { crop: [height, width], scale, ratioRange, catMaxRatio = 1, cropStride, photometric = false }: CropPipeline,
  size: { readonly width: number; readonly height: number },
  classBalance?: ClassBalance,
): TransformSpec[] {
  const [long, short] = scale ?? [Math.max(size.width, size.height), Math.min(size.width, size.height)];
  return [
    { type: 'Resize', width: long, height: short, ratioRange },
    {
      type: 'RandomCrop',
      width,
      height,
      catMaxRatio,
      ...(cropStride ? { stride: cropStride } : {}),
      ...(classBalance ? { classBalance } : {}),
    },
    { type: 'RandomFlip', prob: 0.5 },
    ...(photometric ? [{ type: 'PhotoMetricDistortion', ...(photometric === true ? {} : photometric) } as const] : []),
    { type: 'Pad', width, height },
  ];
}
