import { type Rng, ShapeError } from '@gss/tensor';
import { straightThrough } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';

export interface GumbelSoftmaxOptions {
  /** τ > 0, default 1: the smaller, the nearer the gradient's softmax is to the one-hot value. */
  readonly temperature?: number;
  /** Where the noise comes from: a generator, or uniform numbers in (0, 1) in the shape of the logits; `none` for a plain arg max. */
  readonly noise: Rng | tf.Tensor | 'none';
}

/** A uniform number of 0 or 1 would make infinite noise. */
const inside = 2 ** -33;

/** Standard Gumbel noise −log(−log u), computed in float64: u near 1 is where float32 loses it. */
function gumbel(shape: number[], noise: Rng | tf.Tensor): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const uniform = noise instanceof tf.Tensor ? noise.dataSync() : undefined;
  const draw = uniform ? (i: number) => uniform[i]! : () => (noise as Rng).uniform();
  const bounded = (u: number) => Math.min(1 - inside, Math.max(inside, u));
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => -Math.log(-Math.log(bounded(draw(i))))),
    shape,
  );
}

/**
 * A one-hot sample of the classes or codes, [..., K] → [..., K] (§3.3, for TF and TT): forward the arg max of logits + Gumbel
 * noise, the first on a tie; backward the gradient of softmax((logits + noise) / τ).
 */
export function hardGumbelSoftmax<T extends tf.Tensor>(logits: T, { temperature = 1, noise }: GumbelSoftmaxOptions): T {
  if (!(temperature > 0))
    throw new RangeError(`hardGumbelSoftmax: expected a temperature above 0, got ${temperature}.`);
  if (noise instanceof tf.Tensor && noise.shape.join() !== logits.shape.join())
    throw new ShapeError('hardGumbelSoftmax', `noise [${logits.shape.join(', ')}]`, noise.shape);
  const K = logits.shape.at(-1)!;
  return tf.tidy(() => {
    const noisy = noise === 'none' ? logits : tf.add(logits, gumbel(logits.shape, noise));
    const soft = tf.softmax(tf.div(noisy, temperature));
    const hard = tf.cast(tf.oneHot(tf.argMax(noisy, -1), K), 'float32'); // wasm's float32 oneHot holds integers
    return straightThrough(soft, hard) as T;
  });
}
