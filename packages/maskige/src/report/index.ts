export { downAndUp, gaussianBlur, gaussianNoise } from './degrade.js';
export { type SwatchOptions, sampleMap, swatch } from './pictures.js';
export {
  formatRobustness,
  type JpegCodec,
  type RobustnessOptions,
  type RobustnessRow,
  robustnessReport,
} from './robustness.js';
