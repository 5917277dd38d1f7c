import * as tf from '@tensorflow/tfjs-core';

export interface ResizeOptions {
  /** `nearest` takes ⌊o · scale⌋, `nearest-exact` the nearest pixel centre, as PyTorch names them. Default bilinear. */
  readonly mode?: 'bilinear' | 'nearest' | 'nearest-exact';
  /** As torch.nn.functional.interpolate's `align_corners`, for bilinear only; default false (half-pixel centres). */
  readonly alignCorners?: boolean;
}

/**
 * One axis of an interpolation as a matrix [to, from]: row o holds the weights of the inputs that make output o.
 * The formulas are those of torch.nn.functional.interpolate.
 */
export function interpolationMatrix(
  from: number,
  to: number,
  { mode = 'bilinear', alignCorners = false }: ResizeOptions = {},
): Float32Array {
  const weights = new Float32Array(to * from);
  const scale = alignCorners ? (to > 1 ? (from - 1) / (to - 1) : 0) : from / to;
  for (let o = 0; o < to; o++) {
    if (mode !== 'bilinear') {
      const centre = mode === 'nearest' ? o : o + 0.5;
      weights[o * from + Math.min(from - 1, Math.floor(Math.fround(centre * Math.fround(scale))))] = 1; // float32, as PyTorch
      continue;
    }
    const at = alignCorners ? o * scale : Math.max(0, (o + 0.5) * scale - 0.5);
    const low = Math.min(from - 1, Math.floor(at));
    const high = Math.min(from - 1, low + 1);
    const fraction = at - low;
    weights[o * from + low]! += 1 - fraction;
    weights[o * from + high]! += fraction;
  }
  return weights;
}

/** Rows and columns of [B, H, W, C] mixed by two matrices [h, H] and [w, W]: → [B, h, w, C]. */
function applyMatrices(x: tf.Tensor4D, rows: tf.Tensor2D, columns: tf.Tensor2D): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  const h = rows.shape[0];
  const w = columns.shape[0];
  const byColumn = tf.reshape(tf.transpose(x, [2, 0, 1, 3]), [W, B * H * C]);
  const wide = tf.reshape(tf.matMul(columns, byColumn as tf.Tensor2D), [w, B, H, C]);
  const byRow = tf.reshape(tf.transpose(wide, [2, 0, 1, 3]), [H, w * B * C]); // [H, w, B, C]
  const tall = tf.reshape(tf.matMul(rows, byRow as tf.Tensor2D), [h, w, B, C]);
  return tf.transpose(tall, [2, 0, 1, 3]) as tf.Tensor4D;
}

function forward(x: tf.Tensor4D, h: number, w: number, { mode, alignCorners }: Required<ResizeOptions>): tf.Tensor4D {
  const [, H, W] = x.shape;
  if (mode === 'bilinear') return tf.image.resizeBilinear(x, [h, w], alignCorners, !alignCorners);
  if (h % H === 0 && w % W === 0 && !alignCorners) {
    return tf.image.resizeNearestNeighbor(x, [h, w], false, true); // ⌊(o + ½) / factor⌋ needs no exact float32 product
  }
  const nearest = (from: number, to: number) => {
    const matrix = interpolationMatrix(from, to, { mode, alignCorners });
    return Int32Array.from({ length: to }, (_, o) => matrix.subarray(o * from, (o + 1) * from).indexOf(1));
  };
  return tf.gather(tf.gather(x, tf.tensor1d(nearest(H, h), 'int32'), 1), tf.tensor1d(nearest(W, w), 'int32'), 2);
}

/**
 * torch.nn.functional.interpolate on NHWC: [B, H, W, C] → [B, h, w, C]. Forward is the backend's own kernel where it is
 * exact; the gradient is the transpose of the two interpolation matrices on every backend, because the stock gradient of
 * `image.resizeBilinear` with half-pixel centres is wrong on the JavaScript backends.
 */
export function resize(x: tf.Tensor4D, [h, w]: readonly [number, number], options: ResizeOptions = {}): tf.Tensor4D {
  const [, H, W] = x.shape;
  if (options.alignCorners && options.mode && options.mode !== 'bilinear') {
    throw new RangeError(
      `resize: alignCorners has no meaning for mode ${options.mode}. Leave it out, or resize bilinearly.`,
    );
  }
  if (h === H && w === W) return tf.clone(x);
  const full = { mode: options.mode ?? 'bilinear', alignCorners: options.alignCorners ?? false } as const;
  const op = tf.customGrad((...args) => {
    const x = args[0] as unknown as tf.Tensor4D;
    const gradFunc = (dy: tf.Tensor) => {
      const transposed = (from: number, to: number) =>
        tf.transpose(tf.tensor2d(interpolationMatrix(from, to, full), [to, from])) as tf.Tensor2D;
      return applyMatrices(dy as tf.Tensor4D, transposed(H, h), transposed(W, w));
    };
    return { value: forward(x, h, w, full), gradFunc };
  });
  return tf.tidy(() => op(x) as tf.Tensor4D);
}
