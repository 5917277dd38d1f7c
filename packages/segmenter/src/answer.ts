import { type ClassifierParams, classifyTokens, likeliestTokens } from '@gss/prior';
import { certainty, disposeTree, mapTree, resize, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { decodeCodes, type Forward, forward, invert, prompt, type Runtime } from './forward.js';
import { networkEvidence } from './model.js';

/** What labels, maskige and tokens need, and what the confidence is computed from when somebody asks for it. */
type Evident = Omit<Forward, 'confidence'> & {
  /** What the token classifier reads, [B, h, w, C]: an eighth of the logits' size for nano, a quarter for the paper's models. */
  readonly evidence: tf.Tensor4D;
};
export type Answer = Forward | Evident;

/**
 * `forward` without what few ask for: where tokens are taken by arg max, neither the confidence nor the pixel head is computed, and a
 * backend with a kernel for it stores no logits. Models that need the logits for their scores give all of `forward`.
 */
export function answer(image: tf.Tensor4D, runtime: Runtime): Answer {
  const { config, params, codec } = runtime;
  if (config.kind === 'discriminative' || config.decoding !== 'argmax' || config.ftw?.soft)
    return forward(image, runtime);
  return tf.tidy((): Evident => {
    const [evidence, question] = prompt(image, runtime, (x) => networkEvidence(x, params, config));
    const tokens = likeliestTokens(evidence, params.decode_head.conv_seg);
    const decoded = decodeCodes(tokens, question, runtime);
    return {
      scores: resize(invert(decoded, runtime, question.sides), question.original),
      maskige: resize(codec.picture(decoded), question.original),
      tokens,
      evidence,
    };
  });
}

/** The confidence of an answer, [B, h, w], computed once it is asked for. */
export interface LazyConfidence {
  get(): tf.Tensor3D;
  dispose(): void;
}

/**
 * Takes the confidence, or the evidence for it, over. With evidence it holds on to the classifier's values of now, so that the prediction
 * outlives its segmenter; both are freed when the confidence is there.
 */
export function lazyConfidence(made: Answer, classifier: ClassifierParams): LazyConfidence {
  if ('confidence' in made) return { get: () => made.confidence, dispose: () => made.confidence.dispose() };
  const { evidence } = made;
  const params = mapTree(classifier as Tree<tf.Tensor>, (tensor) => tf.keep(tf.clone(tensor))) as ClassifierParams;
  const free = () => {
    evidence.dispose();
    disposeTree(params as Tree<tf.Tensor>);
  };
  let known: tf.Tensor3D | undefined;
  return {
    get() {
      if (!known) {
        known = tf.tidy(() => tf.keep(certainty<tf.Tensor3D>(classifyTokens(evidence, params))));
        free();
      }
      return known;
    },
    dispose() {
      known?.dispose();
      free();
    },
  };
}
