import type { LabelMap, RgbImage } from '@gss/maskige';
import { createRng, type Rng } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceConfig } from './config.js';
import { ask, type Forward, type Question, type Runtime, render, withInference } from './forward.js';
import { countWindows, runForward } from './inference.js';
import { readLabels, readMaskige } from './read.js';

export interface SampleTokensOptions {
  /** T ≥ 0 of p(z|x)^(1/T), default 1: below 1 nearer to the most probable token, 0 is arg max. */
  readonly temperature?: number;
  /** Draw among the k most probable tokens only. Default: all. */
  readonly topK?: number;
  /** Source of the draws; needed unless T is 0. */
  readonly rng?: Rng;
}

/** Standard Gumbel noise −log(−log u), computed in float64: u near 1 is where float32 loses it. */
function gumbel(rng: Rng, shape: number[]): tf.Tensor {
  const noise = new Float32Array(shape.reduce((product, side) => product * side, 1));
  // The half keeps u off 0, whose noise would be infinite.
  for (let i = 0; i < noise.length; i++) noise[i] = -Math.log(-Math.log(rng.uniform() + 2 ** -33));
  return tf.tensor(noise, shape);
}

function check(who: string, temperature: number, topK: number | undefined): void {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY))
    throw new RangeError(
      `${who}: expected a temperature of 0 or more, got ${temperature}. 1 draws from the prior itself.`,
    );
  if (topK !== undefined && !(Number.isInteger(topK) && topK > 0))
    throw new RangeError(
      `${who}: expected topK a whole number above 0, got ${topK}. Leave it out to draw among all tokens.`,
    );
}

/**
 * z ~ p(z|x)^(1/T), each token on its own, by the Gumbel-max trick: arg max(logits + T·G), G standard Gumbel noise. Noise is
 * drawn from `rng` in order of rows, columns, then tokens by number (by rank with `topK`), so that a seed gives the same
 * tokens on every backend up to rounding; arithmetic stays on the device. `topK` draws that many numbers a token
 * instead of V.
 * @param logits [B, h, w, V]
 * @returns int32 tokens [B, h, w]
 */
export function sampleTokens(
  logits: tf.Tensor4D,
  { temperature = 1, topK, rng }: SampleTokensOptions = {},
): tf.Tensor3D {
  check('sampleTokens', temperature, topK);
  if (temperature === 0 || topK === 1) return tf.tidy(() => tf.argMax(logits, 3) as tf.Tensor3D);
  if (!rng)
    throw new TypeError('sampleTokens: expected rng with a temperature above 0, got none. Pass rng: createRng(seed).');
  const V = logits.shape[3];
  return tf.tidy(() => {
    if (topK === undefined || topK >= V)
      return tf.argMax(tf.add(logits, tf.mul(gumbel(rng, logits.shape), temperature)), 3) as tf.Tensor3D;
    const { values, indices } = tf.topk(logits, topK);
    const rank = tf.argMax(tf.add(values, tf.mul(gumbel(rng, values.shape), temperature)), 3);
    const chosen = tf.oneHot(tf.cast(rank, 'int32'), topK);
    return tf.cast(tf.sum(tf.mul(tf.cast(indices, 'int32'), tf.cast(chosen, 'int32')), 3), 'int32') as tf.Tensor3D;
  });
}

export interface SampleOptions {
  /** How many masks, default 8. */
  readonly count?: number;
  readonly temperature?: number;
  readonly topK?: number;
  /** Default 0. Sample i depends on the seed and i alone, not on `count`. */
  readonly seed?: number;
  /** Default: the model's own. */
  readonly inference?: InferenceConfig;
  /** Stops between samples, and between windows of a large image. */
  readonly signal?: AbortSignal;
  /** Samples × windows done of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Several plausible masks of one image. They stay on the device until asked for; call `dispose` when done. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Mask of sample i, from 0. */
  labels(i: number): Promise<LabelMap>;
  /** Its maskige. */
  maskige(i: number): Promise<RgbImage>;
  /** The class that most samples give each pixel; the lower one on a tie. */
  majority(): Promise<LabelMap>;
  /** Share of the samples that give a pixel its majority class, in (0, 1], row by row. */
  agreement(): Promise<Float32Array>;
  dispose(): void;
}

/** Sampled tokens instead of arg max: what `forward` gives, of one draw, but a confidence of 0: samples have none. */
function draw(question: Question, runtime: Runtime, options: SampleTokensOptions): Forward {
  const tokens = sampleTokens(question.tokenLogits, options);
  return { ...render(tokens, question, runtime), tokens, confidence: tf.zeros<tf.Rank.R3>(tokens.shape) };
}

/** Draws masks of an image [1, H, W, 3] in 0..255. The network runs once for a whole image, once a sample for windows. */
export async function sampleMasks(image: tf.Tensor4D, runtime: Runtime, options: SampleOptions = {}): Promise<Samples> {
  const { count = 8, temperature = 1, topK, seed = 0, signal, onProgress } = options;
  const { config } = runtime;
  if (config.kind === 'discriminative')
    throw new TypeError(`sample: ${config.name} is discriminative and has no tokens to draw. Take a generative model.`);
  if (!(Number.isInteger(count) && count > 0))
    throw new RangeError(
      `sample: expected count a whole number above 0, got ${count}. 8 shows where a model is unsure.`,
    );
  check('sample', temperature, topK);
  // Drawn tokens are decoded as they are, whatever the model does with their distribution.
  const inference = options.inference ?? config.inference;
  const running = withInference(runtime, inference);
  const drawn: Runtime = { ...running, config: { ...running.config, decoding: 'argmax' } };
  const rng = createRng(seed);
  const [, height, width] = image.shape;
  const total = count * countWindows([height, width], inference);
  const K = config.palette.length;
  const masks: tf.Tensor3D[] = [];
  const maskiges: tf.Tensor4D[] = [];
  signal?.throwIfAborted();
  let votes = tf.zeros([1, height, width, K]) as tf.Tensor4D;
  let done = 0;
  const onWindow = () => onProgress?.(++done, total);
  const question = inference.mode === 'whole' ? ask(image, running) : undefined;
  const dispose = () => tf.dispose([votes, ...masks, ...maskiges]);
  try {
    for (let i = 0; i < count; i++) {
      const how = { temperature, rng: rng.fork(`sample ${i}`), ...(topK === undefined ? {} : { topK }) };
      const run = (part: tf.Tensor4D) => tf.tidy(() => draw(question ?? ask(part, running), running, how));
      const result = await runForward(image, run, drawn, inference, { signal, onWindow });
      const mask = tf.tidy(() => tf.cast(tf.argMax(result.scores, 3), 'int32') as tf.Tensor3D);
      masks.push(mask);
      maskiges.push(result.maskige);
      tf.dispose([result.scores, result.tokens, result.confidence]);
      const sum: tf.Tensor4D = tf.tidy(() => tf.add(votes, tf.cast(tf.oneHot(mask, K), 'float32')));
      votes.dispose();
      votes = sum;
      await tf.nextFrame();
    }
  } catch (error) {
    dispose();
    throw error;
  } finally {
    if (question) {
      const { tokenLogits, context, sides } = question;
      tf.dispose([tokenLogits, context, ...Object.values(sides ?? {})].filter((tensor) => tensor !== undefined));
    }
  }
  const at = <T>(list: readonly T[], i: number): T => {
    if (list[i] === undefined)
      throw new RangeError(`Samples: expected a sample of 0..${count - 1}, got ${i}. They are counted from 0.`);
    return list[i];
  };
  return {
    width,
    height,
    count,
    labels: async (i) => readLabels(() => at(masks, i).clone(), K),
    maskige: async (i) => readMaskige(at(maskiges, i)),
    majority: () => readLabels(() => tf.argMax(votes, 3), K),
    async agreement() {
      const share = tf.tidy(() => tf.div(tf.max(votes, 3), count));
      const data = (await share.data()) as Float32Array;
      share.dispose();
      return data;
    },
    dispose,
  };
}
