import type { Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { type GumbelSoftmaxOptions, hardGumbelSoftmax } from './gumbel-softmax.js';

/** Log-odds of the codes of an image, differentiable: [B, H, W, C] in [0, 1] → [B, h, w, V]. */
export type CodeLogits = (image: tf.Tensor4D) => tf.Tensor4D;

/**
 * x̂ = D(z), z = one-hot arg max of Ê(x): the tokenizer's reconstruction with a gradient to x (§3.3, TF and TT). The value
 * is exactly that of the tokens; backward, the gradient of the code's softmax goes through Ê. Cut to the size of the image.
 */
export function reconstructThrough(
  image: tf.Tensor4D,
  codeLogits: CodeLogits,
  { decodeProbabilities }: Pick<Tokenizer, 'decodeProbabilities'>,
  options: GumbelSoftmaxOptions,
): tf.Tensor4D {
  return tf.tidy(() => {
    const decoded = decodeProbabilities(hardGumbelSoftmax(codeLogits(image), options));
    return tf.slice(decoded, [0, 0, 0, 0], [...image.shape.slice(0, 3), decoded.shape[3]]);
  });
}
