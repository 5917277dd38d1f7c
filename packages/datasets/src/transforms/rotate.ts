import { ignoreIndex, type LabelMap, type RgbImage } from '../types.js';
import type { Size } from './geometry.js';

export interface RotateOptions {
  /** Grow the picture so that nothing is cut off. */
  readonly autoBound?: boolean;
}

/** Output pixel → input position, in OpenCV's fixed point: 10 bits of fraction. */
interface Warp extends Size {
  readonly m: readonly [number, number, number, number, number, number];
}

const bits = 10;

/** mmcv's `imrotate`: clockwise by `degrees` around the middle. */
function makeWarp({ width, height }: Size, degrees: number, autoBound: boolean): Warp {
  const angle = (-degrees * Math.PI) / 180; // OpenCV turns counter-clockwise
  const alpha = Math.cos(angle);
  const beta = Math.sin(angle);
  const cx = (width - 1) * 0.5;
  const cy = (height - 1) * 0.5;
  let tx = (1 - alpha) * cx - beta * cy;
  let ty = beta * cx + (1 - alpha) * cy;
  let size = { width, height };
  if (autoBound) {
    const newWidth = height * Math.abs(beta) + width * Math.abs(alpha);
    const newHeight = height * Math.abs(alpha) + width * Math.abs(beta);
    tx += (newWidth - width) * 0.5;
    ty += (newHeight - height) * 0.5;
    size = { width: Math.round(newWidth), height: Math.round(newHeight) };
  }
  // The inverse of [[alpha, beta, tx], [-beta, alpha, ty]].
  const d = 1 / (alpha * alpha + beta * beta);
  const [a, b, c, e] = [alpha * d, -beta * d, beta * d, alpha * d];
  return { ...size, m: [a, b, -a * tx - b * ty, c, e, -c * tx - e * ty] };
}

const scaled = (x: number) => Math.round(x * (1 << bits));

/** Bilinear in 1/32 of a pixel, what lies outside is `fill`: OpenCV's `warpAffine` with `INTER_LINEAR`. */
export function rotateImage(
  image: RgbImage,
  degrees: number,
  fill: readonly [number, number, number] = [0, 0, 0],
  { autoBound = false }: RotateOptions = {},
): RgbImage {
  const { width, height, m } = makeWarp(image, degrees, autoBound);
  const out = new Uint8Array(3 * width * height);
  const { data } = image;
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= image.width || y >= image.height ? -1 : 3 * (y * image.width + x);
  const fraction = bits - 5;
  const rounding = 1 << (fraction - 1);
  for (let y = 0, i = 0; y < height; y++) {
    const x0 = scaled(m[1] * y + m[2]) + rounding;
    const y0 = scaled(m[4] * y + m[5]) + rounding;
    for (let x = 0; x < width; x++, i += 3) {
      const sx = (x0 + scaled(m[0] * x)) >> fraction;
      const sy = (y0 + scaled(m[3] * x)) >> fraction;
      const fx = sx & 31;
      const fy = sy & 31;
      const px = sx >> 5;
      const py = sy >> 5;
      const p = [at(px, py), at(px + 1, py), at(px, py + 1), at(px + 1, py + 1)] as const;
      const w = [(32 - fx) * (32 - fy), fx * (32 - fy), (32 - fx) * fy, fx * fy] as const;
      for (let k = 0; k < 3; k++) {
        let sum = 512;
        for (let n = 0; n < 4; n++) sum += w[n]! * (p[n]! < 0 ? fill[k]! : data[p[n]! + k]!);
        out[i + k] = sum >> 10;
      }
    }
  }
  return { data: out, width, height };
}

/** Nearest neighbour, what lies outside is unlabelled: `warpAffine` with `INTER_NEAREST`. */
export function rotateLabels(
  labels: LabelMap,
  degrees: number,
  fill: number = ignoreIndex,
  { autoBound = false }: RotateOptions = {},
): LabelMap {
  const { width, height, m } = makeWarp(labels, degrees, autoBound);
  const length = width * height;
  const out = (labels.data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length)).fill(fill);
  const rounding = 1 << (bits - 1);
  for (let y = 0, i = 0; y < height; y++) {
    const x0 = scaled(m[1] * y + m[2]) + rounding;
    const y0 = scaled(m[4] * y + m[5]) + rounding;
    for (let x = 0; x < width; x++, i++) {
      const px = (x0 + scaled(m[0] * x)) >> bits;
      const py = (y0 + scaled(m[3] * x)) >> bits;
      if (px >= 0 && py >= 0 && px < labels.width && py < labels.height) out[i] = labels.data[py * labels.width + px]!;
    }
  }
  return { data: out, width, height };
}
