export { type CheckOptions, checkPalette, type NearPair, type PaletteCheck } from './check.js';
export type { CodecOptions } from './compiled.js';
export { type DecodeOptions, decode } from './decode.js';
export { type EncodeOptions, encode } from './encode.js';
export { maximalDistancePalette } from './maximal-distance.js';
export type {
  ByteView,
  FloatImage,
  ImageView,
  LabelMap,
  LabelView,
  Palette,
  Placement,
  Rgb,
  RgbaImage,
  RgbImage,
} from './types.js';
export { crop, type Rectangle } from './view.js';
