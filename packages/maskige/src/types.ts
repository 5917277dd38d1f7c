/** A colour: red, green, blue, integers in 0..255. */
export type Rgb = readonly [number, number, number];

/** One colour a class: β of the paper, [K, 3] in 0..255. */
export type Palette = readonly Rgb[];

/** Class ids, [height, width] row by row. 8-bit for up to 256 ids, 16-bit beyond. */
export interface LabelMap {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
}

/** [height, width, 3] bytes, row by row. */
export interface RgbImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** [height, width, 4] bytes, row by row; the form of a browser's `ImageData`. */
export interface RgbaImage extends RgbImage {
  readonly channels: 4;
}

/** [height, width, 3] in 0..255 but not rounded, as a decoder network returns it. */
export interface FloatImage {
  readonly data: Float32Array | Float64Array;
  readonly width: number;
  readonly height: number;
}

/** Where a map lies in its buffer, in elements (not bytes of a pixel); made by `crop`. */
export interface Placement {
  /** Index of the first element. Default 0. */
  readonly offset?: number;
  /** Elements from one row to the next. Default: width × channels. */
  readonly stride?: number;
}

/** A label map, or a rectangle of one. */
export type LabelView = LabelMap & Placement;

/** An image, or a rectangle of one. Without `channels`, 3 or 4 is read off the buffer's length. */
export type ImageView = (RgbImage | FloatImage) & Placement & { readonly channels?: 3 | 4 };

/** An image of bytes that can be written to. */
export type ByteView = RgbImage & Placement & { readonly channels?: 3 | 4 };
