import type { InverseSides } from '@gss/posterior';
import { classifyTokens, type PriorConfig } from '@gss/prior';
import { certainty, resize } from '@gss/tensor';
import { padToMultiple, type Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { GssModelConfig, InferenceConfig } from './config.js';
import { classesOfTokens, marginalProbabilities, marginalScores } from './marginal.js';
import type { MaskigeCodec } from './maskige.js';
import { learnedInverse, type ModelParams, network, networkEvidence } from './model.js';
import { toInputSize } from './scale.js';

/** A loaded model: its parts ready to run. */
export interface Runtime {
  readonly config: GssModelConfig;
  /** Those of a segmenter have their BatchNorms folded, for inference alone: they can be neither saved nor trained. */
  readonly params: ModelParams;
  readonly tokenizer: Tokenizer;
  readonly codec: MaskigeCodec;
  /** p(c|z), [V, d²·K], where `decoding` is `marginal`, or the learned inverse sees p(c|x). */
  readonly classTable?: tf.Tensor2D | undefined;
}

/** The same model under another kind of inference. */
export const withInference = (runtime: Runtime, inference: InferenceConfig): Runtime => ({
  ...runtime,
  config: { ...runtime.config, inference },
});

/** What one forward pass gives, all on the device. */
export type Forward = {
  /** Class scores, larger is likelier, [B, H, W, K]. */
  readonly scores: tf.Tensor4D;
  /** x̂, [B, H, W, 3] in [0, 1]; for the discriminative twin its classes painted. */
  readonly maskige: tf.Tensor4D;
  /** argmax p(z|x), [B, h, w] int32. */
  readonly tokens: tf.Tensor3D;
  /** 1 − H(p(z|x)) / ln V per token, [B, h, w]: 1 where the prior is certain. */
  readonly confidence: tf.Tensor3D;
};

/** (image − mean) / std, per channel; image [B, H, W, 3] in 0..255. */
export function normalize(image: tf.Tensor4D, { mean, std }: Pick<GssModelConfig, 'mean' | 'std'>): tf.Tensor4D {
  return tf.tidy(() => tf.div(tf.sub(image, tf.tensor1d([...mean])), tf.tensor1d([...std])));
}

/**
 * How much larger than the image the labels are that the tokenizer reads: 2 where an 8-fold tokenizer serves a prior of
 * d = 1/4 (§4.1), 1 where both agree.
 */
export const labelScale = ({ downsample }: Pick<Tokenizer, 'downsample'>, { tokenLevel }: PriorConfig): number =>
  downsample / (4 * 2 ** tokenLevel);

/** The image as the network sees it whole. Windows come at its size already. */
const seen = (image: tf.Tensor4D, { inference }: Pick<GssModelConfig, 'inference'>): tf.Tensor4D =>
  inference.mode === 'whole' ? toInputSize(image, inference) : image;

/** Generative inference (§3.5, Fig. 3 bottom): image [B, H, W, 3] in 0..255, of any size; `inference.scale` is followed. */
export function forward(image: tf.Tensor4D, runtime: Runtime): Forward {
  const { config, params, codec } = runtime;
  const [B, H, W] = image.shape;
  return tf.tidy((): Forward => {
    if (config.kind === 'discriminative') {
      const input = seen(image, config);
      const { pixelLogits } = network(normalize(input, config), params, config);
      const scores = resize(resize(pixelLogits!, [input.shape[1], input.shape[2]]), [H, W]);
      const labels = tf.argMax(scores, 3) as tf.Tensor3D;
      const [, h, w] = pixelLogits!.shape;
      return {
        scores,
        maskige: codec.colour(labels),
        tokens: tf.zeros([B, h, w], 'int32') as tf.Tensor3D,
        confidence: certainty<tf.Tensor3D>(pixelLogits!),
      };
    }
    const question = ask(image, runtime);
    const { decoded, ...drawn } = generate(question, runtime);
    const maskige = resize(codec.picture(decoded), [H, W]);
    return { ...drawn, scores: conclude(decoded, question, runtime), maskige };
  });
}

/** What the prior says about an image, and what the decoder needs besides tokens. */
export type Question = {
  /** log p(z|x) up to a constant, [B, h, w, V]. */
  readonly tokenLogits: tf.Tensor4D;
  /** The photo at the size of the decoded maskige, where the tokenizer reads it. */
  readonly context?: tf.Tensor4D;
  /** What a learned inverse sees besides the maskige, at the size of the decoded maskige. */
  readonly sides?: { readonly photo?: tf.Tensor4D; readonly soft?: tf.Tensor4D; readonly marginal?: tf.Tensor4D };
  /** Height and width of the image as the network saw it, and of the maskige that is decoded. */
  readonly size: [number, number];
  /** Height and width of the image itself, and of the class scores. */
  readonly original: [number, number];
};

/** A question without what the prior says to it. */
export type Prompt = Omit<Question, 'tokenLogits'>;

/**
 * Brings images [B, H, W, 3] in 0..255 to the network, `read`, which gets them normalised and gives a map of tokens, [B, h, w, N]: what it
 * read, and the rest of the question.
 */
export function prompt(
  image: tf.Tensor4D,
  { config, tokenizer }: Pick<Runtime, 'config' | 'tokenizer'>,
  read: (normalised: tf.Tensor4D) => tf.Tensor4D,
): [map: tf.Tensor4D, prompt: Prompt] {
  const [, height, width] = image.shape;
  const input = seen(image, config);
  const [, H, W] = input.shape;
  // A tokenizer of whole squares needs whole squares of tokens; padding is cut away again in `render`.
  const whole = tokenizer.multiple
    ? padToMultiple(input, tokenizer.multiple / labelScale(tokenizer, config.prior))
    : input;
  const map = read(normalize(whole, config));
  const [, h, w] = map.shape;
  const d = tokenizer.downsample;
  const context = tokenizer.needsContext
    ? { context: tf.div(resize(whole, [h * d, w * d]), 255) as tf.Tensor4D }
    : undefined;
  const sides = config.ftw?.photo ? { sides: { photo: tf.div(input, 255) as tf.Tensor4D } } : undefined;
  return [map, { ...context, ...sides, size: [H, W], original: [height, width] }];
}

/** x → p(z|x): the network's half of `forward`; image [B, H, W, 3] in 0..255. The auxiliary pixel head is left out. */
export function ask(image: tf.Tensor4D, runtime: Runtime): Question {
  const { config, params } = runtime;
  return tf.tidy(() => {
    const [evidence, rest] = prompt(image, runtime, (x) => networkEvidence(x, params, config));
    return classify(evidence, rest, runtime);
  });
}

/** The question that a prompt becomes when the token classifier has read its evidence, [B, h, w, classifierChannels]. */
export function classify(evidence: tf.Tensor4D, rest: Prompt, runtime: Runtime): Question {
  const { params } = runtime;
  return tf.tidy((): Question => {
    const tokenLogits = classifyTokens(evidence, params.decode_head.conv_seg);
    const question: Question = { tokenLogits, ...rest };
    return { ...question, sides: { ...rest.sides, ...priorSides(tokenLogits, question, runtime) } };
  });
}

/** What of the prior's answer a learned inverse sees beside the maskige, if it does. */
export function priorSides(
  tokenLogits: tf.Tensor4D,
  question: Pick<Question, 'context' | 'size'>,
  runtime: Pick<Runtime, 'config' | 'tokenizer' | 'classTable'>,
): Pick<InverseSides, 'soft' | 'marginal'> {
  const { ftw, prior } = runtime.config;
  const { tokenizer, classTable } = runtime;
  const size = { size: question.size, scale: labelScale(tokenizer, prior) };
  return {
    ...(ftw?.soft ? { soft: decodeCodes(tf.softmax(tokenLogits) as tf.Tensor4D, question, runtime) } : {}),
    ...(ftw?.marginal ? { marginal: marginalProbabilities(tokenLogits, classTable!, tokenizer, size) } : {}),
  };
}

/**
 * z → x̂ at the size that the network saw, [B, H, W, C] in [0, 1]: what the tokenizer decodes, a maskige or a channel a class. `codes` are
 * tokens [B, h, w], or their probabilities [B, h, w, V].
 */
export function decodeCodes(
  codes: tf.Tensor3D | tf.Tensor4D,
  { context, size: [H, W] }: Pick<Question, 'context' | 'size'>,
  { config, tokenizer }: Pick<Runtime, 'config' | 'tokenizer'>,
): tf.Tensor4D {
  return tf.tidy(() => {
    const all =
      codes.rank === 4
        ? tokenizer.decodeProbabilities(codes as tf.Tensor4D, context)
        : tokenizer.decode(tf.cast(codes, 'int32') as tf.Tensor3D, context);
    const scale = labelScale(tokenizer, config.prior);
    const [cutH, cutW] = [Math.round(H * scale), Math.round(W * scale)];
    const covers = all.shape[1] >= cutH && all.shape[2] >= cutW;
    const cut = covers ? tf.slice(all, [0, 0, 0, 0], [all.shape[0], cutH, cutW, all.shape[3]]) : all;
    return resize(cut, [H, W]);
  });
}

/** 𝒳⁻¹ of the model: x̂ [B, H, W, C], and what a learned inverse wants beside it → class scores [B, H, W, K]. */
export const invert = (
  decoded: tf.Tensor4D,
  { config, params, codec }: Omit<Runtime, 'tokenizer'>,
  sides?: InverseSides,
): tf.Tensor4D => learnedInverse(decoded, params, config, sides) ?? codec.scores(decoded);

/** What the prior's answer decodes to. */
export type Generated = Pick<Forward, 'tokens' | 'confidence'> & {
  /** x̂ as the tokenizer gives it, [B, H, W, C] in [0, 1]: a maskige, or a channel a class. */
  readonly decoded: tf.Tensor4D;
};

/** `generate` without the confidence. */
export function decodeBest(question: Question, runtime: Runtime): Omit<Generated, 'confidence'> {
  const { tokenLogits } = question;
  return tf.tidy(() => {
    const tokens = tf.argMax(tokenLogits, 3) as tf.Tensor3D;
    const codes = runtime.config.decoding === 'expected' ? (tf.softmax(tokenLogits) as tf.Tensor4D) : tokens;
    return { tokens, decoded: decodeCodes(codes, question, runtime) };
  });
}

/** p(z|x) → z → x̂: the decoder's part of `forward`. */
export const generate = (question: Question, runtime: Runtime): Generated =>
  tf.tidy(() => ({
    ...decodeBest(question, runtime),
    confidence: certainty<tf.Tensor3D>(question.tokenLogits),
  }));

/** x̂ → class scores [B, H, W, K], by the model's 𝒳⁻¹ or its marginals: the last part of `forward`. */
export function conclude(decoded: tf.Tensor4D, question: Question, runtime: Runtime): tf.Tensor4D {
  const { tokenLogits, size, original, sides } = question;
  const { classTable, tokenizer, config } = runtime;
  return tf.tidy(() => {
    const scale = labelScale(tokenizer, config.prior);
    const scores =
      config.decoding === 'marginal'
        ? marginalScores(tokenLogits, classTable!, tokenizer, { size, scale })
        : invert(decoded, runtime, sides);
    return resize(scores, original);
  });
}

/**
 * z → x̂ → class scores at the image's size: `codes` are tokens [B, h, w], or their probabilities [B, h, w, V]. To a learned inverse that sees
 * p(c|x), tokens are certain: else what was drawn or edited would disappear behind what the prior thinks.
 */
export function render(
  codes: tf.Tensor3D | tf.Tensor4D,
  question: Pick<Question, 'context' | 'size' | 'original' | 'sides'>,
  runtime: Runtime,
): Pick<Forward, 'scores' | 'maskige'> {
  return tf.tidy(() => {
    const decoded = decodeCodes(codes, question, runtime);
    const { original } = question;
    const { config, classTable, tokenizer } = runtime;
    const size = { size: question.size, scale: labelScale(tokenizer, config.prior) };
    const certain = config.ftw?.marginal && codes.rank === 3;
    const sides = certain
      ? { ...question.sides, marginal: classesOfTokens(codes as tf.Tensor3D, classTable!, tokenizer, size) }
      : question.sides;
    return {
      scores: resize(invert(decoded, runtime, sides), original),
      maskige: resize(runtime.codec.picture(decoded), original),
    };
  });
}
