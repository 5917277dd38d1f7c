import * as tf from '@tensorflow/tfjs-core';
import { fusedRelu6, hasFused } from '../kernels/fused.js';

/**
 * min(max(x, 0), 6). The gradient is 0 at both ends themselves, as torch.nn.ReLU6 has it, and one or three passes where
 * that of tf.relu6 is five.
 */
export function relu6<T extends tf.Tensor>(x: T): T {
  return hasFused('GssReluGrad') ? fusedRelu6(x) : (tf.relu6(x) as T);
}
