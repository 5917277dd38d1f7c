import { squaredDistance } from '../colors.js';
import { type CodecOptions, compile } from '../compiled.js';
import { refuseNaN } from '../decode.js';
import type { ImageView, Palette } from '../types.js';
import { layout } from '../view.js';

export interface DistanceOptions extends CodecOptions {
  /** The classes wanted, in the order wanted. Default: all K. */
  readonly classes?: readonly number[];
  /** Write here: at least width × height × classes elements. */
  readonly out?: Float32Array;
}

export interface DistanceMap {
  /** [height, width, classes]. */
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly classes: readonly number[];
}

/**
 * Soft 𝒳⁻¹: maskige [H, W, 3] → squared RGB distances to the colours of the chosen classes, [H, W, n] in 0..195075.
 * What the reference takes the arg min of; negated and scaled they serve as logits.
 */
export function squaredDistances(image: ImageView, palette: Palette, options: DistanceOptions = {}): DistanceMap {
  const { colors } = compile('squaredDistances', palette, options);
  const { width, height, offset, stride, channels } = layout('squaredDistances', image, [3, 4]);
  const classes = options.classes ?? palette.map((_, k) => k);
  for (const k of classes) {
    if (Number.isInteger(k) && k >= 0 && k < palette.length) continue;
    throw new RangeError(`squaredDistances: class ${k} is not one of the ${palette.length} of the palette.`);
  }
  const size = width * height * classes.length;
  const data = options.out ?? new Float32Array(size);
  if (data.length < size) {
    throw new RangeError(
      `squaredDistances: out must hold ${width}×${height}×${classes.length} = ${size} elements, got ${data.length}.`,
    );
  }
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = offset + y * stride + x * channels;
      const [r, g, b] = [image.data[i]!, image.data[i + 1]!, image.data[i + 2]!];
      refuseNaN('squaredDistances', r, g, b, x, y);
      for (const k of classes) data[to++] = squaredDistance(colors.rgb, k, r, g, b);
    }
  }
  return { data, width, height, classes };
}
