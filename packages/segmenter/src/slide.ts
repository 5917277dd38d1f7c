import * as tf from '@tensorflow/tfjs-core';

/** Top left corners of windows that cover a side: every `stride`, the last one moved back to end at the edge. */
export function windowStarts(size: number, crop: number, stride: number): number[] {
  const count = Math.max(size - crop + stride - 1, 0) / stride;
  return Array.from({ length: Math.floor(count) + 1 }, (_, i) => Math.max(Math.min(i * stride, size - crop), 0));
}

export interface SlideOptions {
  readonly crop: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly onWindow?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * mmsegmentation's slide_inference: class maps of overlapping windows are summed and divided by how many windows cover a
 * pixel. `run` maps a window [B, h, w, 3] to [B, h, w, N]; the result is [B, H, W, N].
 */
export async function slide(
  image: tf.Tensor4D,
  run: (window: tf.Tensor4D) => tf.Tensor4D,
  { crop, stride, onWindow, signal }: SlideOptions,
): Promise<tf.Tensor4D> {
  const [B, H, W, C] = image.shape;
  const tops = windowStarts(H, crop[0], stride[0]);
  const lefts = windowStarts(W, crop[1], stride[1]);
  const h = Math.min(crop[0], H);
  const w = Math.min(crop[1], W);
  const counts = new Float32Array(H * W);
  let sum: tf.Tensor4D | undefined;
  let done = 0;
  for (const top of tops) {
    for (const left of lefts) {
      if (signal?.aborted) {
        sum?.dispose();
        throw signal.reason;
      }
      const next: tf.Tensor4D = tf.tidy(() => {
        const part = run(tf.slice(image, [0, top, left, 0], [B, h, w, C]));
        const padded = tf.pad(part, [
          [0, 0],
          [top, H - top - h],
          [left, W - left - w],
          [0, 0],
        ]) as tf.Tensor4D;
        return sum ? tf.add(sum, padded) : padded;
      });
      sum?.dispose();
      sum = next;
      for (let y = top; y < top + h; y++) for (let x = left; x < left + w; x++) counts[y * W + x]! += 1;
      done += 1;
      onWindow?.(done, tops.length * lefts.length);
      await tf.nextFrame();
    }
  }
  const total = sum!;
  const mean = tf.tidy(() => tf.div(total, tf.tensor4d(counts, [1, H, W, 1])) as tf.Tensor4D);
  total.dispose();
  return mean;
}
