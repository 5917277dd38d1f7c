import * as tf from '@tensorflow/tfjs-core';

/** sg(x): x itself, but no gradient flows back. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const op = tf.customGrad((...args) => ({
    value: tf.clone(args[0] as unknown as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return op(x) as T;
}

/** The straight-through estimator z + sg(q − z): the value of `quantized`, the gradient of `z`. */
export function straightThrough<T extends tf.Tensor>(z: T, quantized: T): T {
  const op = tf.customGrad((...args) => ({
    value: tf.clone(args[1] as unknown as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => [tf.clone(dy), tf.zerosLike(dy)],
  }));
  return op(z, quantized) as T;
}
