export { drawLabels } from './draw.js';
export { DatasetError, type DatasetProblem } from './errors.js';
export { filterDataset, type NameFilter, namePattern } from './filter.js';
export {
  applyLabelTable,
  compileLabelTable,
  describeIds,
  findUnknownIds,
  identityTable,
  type LabelTable,
  maxClasses,
  reduceZeroTable,
  tableFromIds,
  type UnknownId,
} from './label-table.js';
export { mixDatasets } from './mix.js';
export { fillPolygon, type Point } from './polygons.js';
export { createRandom, type Random } from './random.js';
export { type EpochOrderOptions, epochOrder } from './sampling.js';
export type {
  DatasetSource,
  FilteredSource,
  FolderSource,
  MixedSource,
  NamedSource,
  ReadOptions,
  ShardsSource,
  SyntheticStreetsSource,
  TreeSource,
} from './source.js';
export { syntheticStreetsClasses } from './streets/classes.js';
export { trainColourClassifier } from './streets/colour-classifier.js';
export { renderStreetScene, type StreetSceneOptions } from './streets/render.js';
export { syntheticStreets } from './streets/synthetic-streets.js';
export { type ClassBalance, classCropBoxes, rareClassWeights } from './transforms/class-crop.js';
export {
  type CropSize,
  chooseCrop,
  cropImage,
  cropLabels,
  gridPositions,
  passesCatMaxRatio,
  randomCropBox,
} from './transforms/crop.js';
export { flipImage, flipLabels, padImage, padLabels, reduceZeroLabel } from './transforms/flip-pad.js';
export { type Box, rescaleSize, type Size } from './transforms/geometry.js';
export { hsvToRgb, rgbToHsv } from './transforms/hsv.js';
export { type FloatImage, imageNetMean, imageNetStd, normalize } from './transforms/normalize.js';
export {
  drawPhotoMetric,
  type PhotoMetricDraws,
  type PhotoMetricOptions,
  photoMetricDistortion,
} from './transforms/photometric.js';
export {
  compilePipeline,
  type Pipeline,
  sampleRandom,
  type TransformedSample,
} from './transforms/pipeline.js';
export { paperPipelines } from './transforms/presets.js';
export { resizeImage, resizeLabels } from './transforms/resize.js';
export { type RotateOptions, rotateImage, rotateLabels } from './transforms/rotate.js';
export {
  type NormalizeSpec,
  type PadSpec,
  type PhotoMetricDistortionSpec,
  parseTransforms,
  type RandomCropSpec,
  type RandomFlipSpec,
  type RandomRotateSpec,
  type ReduceZeroLabelSpec,
  type ResizeSpec,
  type TransformSpec,
} from './transforms/specs.js';
export { enumerateLabels, whyNotFixed } from './transforms/variants.js';
export type { SegmentationDataset } from './types.js';
export { type ClassInfo, ignoreIndex, type LabelMap, type Rgb, type RgbImage, type Sample } from './types.js';
