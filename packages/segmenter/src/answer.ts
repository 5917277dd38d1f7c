import { type ClassifierParams, classifyTokens, likeliestTokens } from '@gss/prior';
import { certainty, disposeTree, mapTree, resize, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { classify, conclude, decodeBest, type Forward, forward, prompt, type Runtime, render } from './forward.js';
import { networkEvidence } from './model.js';

/** What labels, maskige and tokens need, and what the confidence is computed from when somebody asks for it. */
type Evident = Omit<Forward, 'confidence'> & {
  /** What the token classifier reads, [B, h, w, C]: an eighth of the logits' size for nano, a quarter for the paper's models. */
  readonly evidence: tf.Tensor4D;
};
export type Answer = Forward | Evident;

/**
 * `forward` without what few ask for: the confidence, and where tokens are taken by arg max, on a backend with a kernel for it, the logits. A
 * twin gives all of `forward`: its confidence reads K logits a cell where that of a prior reads V, and is not worth the evidence.
 */
export function answer(image: tf.Tensor4D, runtime: Runtime): Answer {
  const { config, params, codec } = runtime;
  if (config.kind === 'discriminative') return forward(image, runtime);
  const readsLogits = config.decoding !== 'argmax' || config.ftw?.soft || config.ftw?.marginal;
  return tf.tidy((): Evident => {
    const [evidence, rest] = prompt(image, runtime, (x) => networkEvidence(x, params, config));
    const { original } = rest;
    if (readsLogits) {
      const question = classify(evidence, rest, runtime);
      const { tokens, decoded } = decodeBest(question, runtime);
      const scores = conclude(decoded, question, runtime);
      return { scores, maskige: resize(codec.picture(decoded), original), tokens, evidence };
    }
    const tokens = likeliestTokens(evidence, params.decode_head.conv_seg);
    return { ...render(tokens, rest, runtime), tokens, evidence };
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
