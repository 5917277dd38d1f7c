import { resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceConfig } from './config.js';

type Size = readonly [height: number, width: number];

/**
 * Height and width at which the network sees an image: as large as `inference.scale` allows with the ratio kept (mmcv's
 * rescale_size, as `Resize(scale, keep_ratio=True)` of a test pipeline), or its own.
 */
export function inputSize([height, width]: Size, { scale }: Pick<InferenceConfig, 'scale'>): [number, number] {
  if (!scale) return [height, width];
  const [long, short] = [Math.max(...scale), Math.min(...scale)];
  const factor = Math.min(long / Math.max(height, width), short / Math.min(height, width));
  return [Math.max(1, Math.floor(height * factor + 0.5)), Math.max(1, Math.floor(width * factor + 0.5))];
}

/** Images [B, H, W, 3], resized bilinearly to `inputSize`. */
export function toInputSize(images: tf.Tensor4D, inference: Pick<InferenceConfig, 'scale'>): tf.Tensor4D {
  const [, H, W] = images.shape;
  return tf.tidy(() => resize(images, inputSize([H, W], inference)));
}
