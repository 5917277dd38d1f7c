import type { LabelMap, RgbImage } from '@gss/maskige';
import * as tf from '@tensorflow/tfjs-core';

/** Reads back what `make` computes, and frees it. */
export async function read<T extends Float32Array | Int32Array>(make: () => tf.Tensor): Promise<T> {
  const tensor = tf.tidy(make);
  const data = (await tensor.data()) as T;
  tensor.dispose();
  return data;
}

/** Backends whose tensors lie on a device of its own, from where every value comes as four bytes. */
const remote = new Set(['webgl', 'webgpu']);

/** Bits of whole numbers that a value of the current backend holds exactly: both GPU backends compute in floats. */
const exactBits = () => (tf.backend().floatPrecision() === 32 ? 24 : 11);

/** How whole numbers travel. */
export interface Packing {
  /** Numbers in a value. */
  readonly count: number;
  /** Bits of a number. */
  readonly bits: number;
}

/** How many whole numbers below `limit` are read back in one value: 1 where packing brings nothing. */
export function packing(limit: number, backend = tf.getBackend()): Packing {
  const bits = Math.max(1, Math.ceil(Math.log2(limit)));
  return { count: remote.has(backend) ? Math.max(1, Math.floor(exactBits() / bits)) : 1, bits };
}

/**
 * Whole numbers in [0, limit) → one value for every `count` of them: Σ nᵢ · 2^(bits · i). [N] → [⌈N / count⌉], exact in
 * float32. Others are rounded first, halves to even as typed arrays of bytes do.
 */
export function pack(numbers: tf.Tensor1D, { count, bits }: Packing): tf.Tensor1D {
  return tf.tidy(() => {
    const N = numbers.shape[0];
    const rows = Math.ceil(N / count);
    const padded = tf.pad(tf.round(tf.cast(numbers, 'float32')), [[0, rows * count - N]]);
    const places = tf.tensor1d(Array.from({ length: count }, (_, i) => 2 ** (bits * i)));
    return tf.sum(tf.mul(tf.reshape(padded, [rows, count]), places), 1) as tf.Tensor1D;
  });
}

/** The numbers of `pack`'s values, into `out`. */
export function unpack<T extends Uint8Array | Uint8ClampedArray | Uint16Array>(
  values: Float32Array | Int32Array,
  { count, bits }: Packing,
  out: T,
): T {
  const mask = 2 ** bits - 1;
  for (let i = 0, o = 0; o < out.length; i++) {
    let value = values[i]!;
    for (let k = 0; k < count && o < out.length; k++) {
      out[o++] = value & mask;
      value >>>= bits;
    }
  }
  return out;
}

/** Whole numbers that `make` computes, read into `out`. */
async function readWhole<T extends Uint8Array | Uint8ClampedArray | Uint16Array>(
  make: () => tf.Tensor,
  how: Packing,
  out: T,
): Promise<T> {
  if (how.count > 1) return unpack(await read(() => pack(tf.reshape(make(), [-1]), how)), how, out);
  out.set(await read(make));
  return out;
}

/** A map [1, H, W] of ids of K classes, in bytes where they fit; only packed ids leave the device. */
export async function readLabels(make: () => tf.Tensor3D, K: number, how = packing(K)): Promise<LabelMap> {
  const map = tf.tidy(make);
  try {
    const [, height, width] = map.shape;
    const size = height * width;
    const data = await readWhole(() => map.clone(), how, K > 256 ? new Uint16Array(size) : new Uint8Array(size));
    return { data, width, height };
  } finally {
    map.dispose();
  }
}

/** A maskige [1, H, W, 3] in [0, 1] as bytes. */
export async function readMaskige(maskige: tf.Tensor4D, how = packing(256)): Promise<RgbImage> {
  const [, height, width] = maskige.shape;
  const bytes = () => tf.mul(tf.clipByValue(maskige, 0, 1), 255);
  return { data: await readWhole(bytes, how, new Uint8ClampedArray(height * width * 3)), width, height };
}
