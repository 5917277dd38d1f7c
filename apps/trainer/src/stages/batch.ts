import type { MaskigeCodec } from '@gss/segmenter';
import type { Batch } from '@gss/train/node';
import * as tf from '@tensorflow/tfjs-core';

const unlabelled = 255;

/** Labels of a batch, [B, H, W] int32; unlabelled pixels stay 255. */
export function labelTensor({ labels, names, width, height }: Batch): tf.Tensor3D {
  return tf.tensor3d(Int32Array.from(labels), [names.length, height, width], 'int32');
}

/** Images of a batch, [B, H, W, 3] in 0..255. */
export function imageTensor({ images, names, width, height }: Batch): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(images), [names.length, height, width, 3]);
}

/** Maskiges of a batch's labels, [B, H, W, 3] in [0, 1]; unlabelled pixels get their own colour. */
export function maskigeTensor(batch: Batch, codec: MaskigeCodec, classes: number): tf.Tensor4D {
  return tf.tidy(() => {
    const painted = Int32Array.from(batch.labels, (label) => (label === unlabelled ? classes : label));
    return codec.paint(tf.tensor3d(painted, [batch.names.length, batch.height, batch.width], 'int32'));
  });
}
