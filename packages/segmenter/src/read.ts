import type { LabelMap, RgbImage } from '@gss/maskige';
import * as tf from '@tensorflow/tfjs-core';

/** Reads back what `make` computes, and frees it. */
export async function read<T extends Float32Array | Int32Array>(make: () => tf.Tensor): Promise<T> {
  const tensor = tf.tidy(make);
  const data = (await tensor.data()) as T;
  tensor.dispose();
  return data;
}

/** A map [1, H, W] of class ids, in bytes where K classes fit. */
export async function readLabels(make: () => tf.Tensor, K: number): Promise<LabelMap> {
  let [height, width] = [0, 0];
  const data = await read<Int32Array>(() => {
    const map = make();
    [, height, width] = map.shape as [number, number, number];
    return map;
  });
  return { data: K > 256 ? Uint16Array.from(data) : Uint8Array.from(data), width, height };
}

/** A maskige [1, H, W, 3] in [0, 1] as bytes. */
export async function readMaskige(maskige: tf.Tensor4D): Promise<RgbImage> {
  const [, height, width] = maskige.shape;
  const data = await read<Float32Array>(() => tf.mul(tf.clipByValue(maskige, 0, 1), 255));
  return { data: Uint8ClampedArray.from(data), width, height };
}
