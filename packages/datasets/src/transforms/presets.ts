import type { TransformSpec } from './specs.js';

const train = (scale: readonly [number, number], crop: number): readonly TransformSpec[] => [
  { type: 'Resize', width: scale[0], height: scale[1], ratioRange: [0.5, 2] },
  { type: 'RandomCrop', width: crop, height: crop, catMaxRatio: 0.75 },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PhotoMetricDistortion' },
  { type: 'Normalize' },
  { type: 'Pad', width: crop, height: crop },
];

const test = (scale: readonly [number, number]): readonly TransformSpec[] => [
  { type: 'Resize', width: scale[0], height: scale[1] },
  { type: 'Normalize' },
];

/** The pipelines of the paper's configurations. Labels are class ids already (label tables do `reduce_zero_label`). */
export const paperPipelines = {
  cityscapes: { train: train([2048, 1024], 768), test: test([2048, 1024]) },
  ade20k: { train: train([2048, 512], 512), test: test([2048, 512]) },
  mseg: { train: train([2048, 512], 512), test: test([2048, 512]) },
} as const;
