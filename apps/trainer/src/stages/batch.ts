import { resizeLabels } from '@gss/prior';
import type { MaskigeCodec } from '@gss/segmenter';
import type { Rng } from '@gss/tensor';
import type { Batch } from '@gss/train/node';
import { fillUnlabelled } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';

/** Labels of a batch, [B, H, W] int32; unlabelled pixels stay 255. */
export function labelTensor({ labels, names, width, height }: Batch): tf.Tensor3D {
  return tf.tensor3d(Int32Array.from(labels), [names.length, height, width], 'int32');
}

/** The batch with labels of `scale` times the size (§3.4: the mask is enlarged for a tokenizer coarser than the token map). */
export function scaleLabels(batch: Batch, scale: number): Batch {
  if (scale === 1) return batch;
  const { names, width: W, height: H } = batch;
  const [width, height] = [Math.round(W * scale), Math.round(H * scale)];
  const labels = new Uint8Array(names.length * width * height);
  for (const i of names.keys()) {
    const map = { data: batch.labels.subarray(i * W * H, (i + 1) * W * H), width: W, height: H };
    labels.set(resizeLabels(map, { width, height }).data, i * width * height);
  }
  return { ...batch, labels, width, height };
}

/** Images of a batch, [B, H, W, 3] in 0..255. */
export function imageTensor({ images, names, width, height }: Batch): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(images), [names.length, height, width, 3]);
}

/** The same in [0, 1]: the side input of tokenizers that need the photo. */
export const contextTensor = (batch: Batch): tf.Tensor4D => tf.tidy(() => tf.div(imageTensor(batch), 255));

/** Labels of a batch, [B · H · W]: unlabelled pixels take the nearest label; a map without any label is K throughout. */
function filledLabels({ labels, names, width, height }: Batch, classes: number): Int32Array {
  const area = width * height;
  const filled = new Int32Array(labels.length);
  for (const i of names.keys()) {
    const map = fillUnlabelled(labels.subarray(i * area, (i + 1) * area), { width, height, classes });
    for (let j = 0; j < area; j++) filled[i * area + j] = Math.min(map[j]!, classes);
  }
  return filled;
}

/** Labels of a batch, [B, H, W] int32: unlabelled pixels take the nearest label; a map without any label is K throughout. */
export const filledTensor = (batch: Batch, classes: number): tf.Tensor3D =>
  tf.tensor3d(filledLabels(batch, classes), [batch.names.length, batch.height, batch.width], 'int32');

/**
 * What the tokenizer reads of a batch's labels, [B, H, W, C] in [0, 1]. Unlabelled pixels take the nearest label, as a model
 * is never asked for their colour; a map without any label shows the colour of "unlabelled".
 */
export function maskigeTensor(batch: Batch, codec: MaskigeCodec, classes: number): tf.Tensor4D {
  return tf.tidy(() => codec.paint(filledTensor(batch, classes)));
}

/** Maskiges with K + 1 colours drawn for each mask alone, from its name and labels: [B, H, W, 3] in [0, 1]. */
export function recolouredTensor(batch: Batch, rng: Rng, classes: number): tf.Tensor4D {
  const { names, width, height } = batch;
  const filled = filledLabels(batch, classes);
  const area = width * height;
  const out = new Float32Array(3 * filled.length);
  for (const [i, name] of names.entries()) {
    let sum = 0; // tells two crops of one picture apart
    for (let j = i * area; j < (i + 1) * area; j++) sum = (Math.imul(sum, 31) + filled[j]!) | 0;
    const draws = rng.fork(`${name}/${sum}`);
    const colours = Float32Array.from({ length: 3 * (classes + 1) }, () => draws.int(256) / 255);
    for (let j = i * area; j < (i + 1) * area; j++) {
      const from = 3 * filled[j]!;
      out[3 * j] = colours[from]!;
      out[3 * j + 1] = colours[from + 1]!;
      out[3 * j + 2] = colours[from + 2]!;
    }
  }
  return tf.tensor4d(out, [names.length, height, width, 3]);
}
