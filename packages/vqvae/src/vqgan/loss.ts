import { conv, createTraining, mapTree, type Training, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { nearestCode, type Quantized, quantize } from '../quantize.js';
import { stopGradient } from '../stop-gradient.js';
import { checkImage, lookUp } from '../tokenizer.js';
import type { VqganConfig } from './config.js';
import { type DiscriminatorConfig, type DiscriminatorParams, discriminator, hingeLoss } from './discriminator.js';
import { type LpipsParams, lpips } from './lpips.js';
import { type VqganParams, vqganDecoderFeatures, vqganLatent, vqganReconstruction } from './model.js';

/** VQLPIPSWithDiscriminator; names of its arguments in parentheses. */
export interface VqganLossConfig {
  /** β of the quantiser. Default 0.25. */
  readonly beta?: number;
  /** VectorQuantizer2's `legacy`, its default: β weighs the codebook's term instead of the encoder's. Default true. */
  readonly legacy?: boolean;
  /** Default 1 (codebook_weight). */
  readonly codebookWeight?: number;
  /** First step at which the discriminator counts (disc_start). */
  readonly discriminatorStart: number;
  /** Default 1 (disc_factor). */
  readonly discriminatorFactor?: number;
  /** Default 0.8 (disc_weight). */
  readonly discriminatorWeight?: number;
  /** Weight of LPIPS; needs `lpips` parameters. Default 0 (perceptual_weight). */
  readonly perceptualWeight?: number;
}

/** What the adversary knows: its parameters and shape, and the training record of its BatchNorm. */
export interface Adversary {
  readonly params: DiscriminatorParams;
  readonly config: DiscriminatorConfig;
}

/** loss = mean ‖sg(e) − z‖² + β mean ‖e − sg(z)‖² (legacy), or with β on the first term. */
export function vectorQuantizer2Loss(
  { codebook, commitment }: Pick<Quantized, 'codebook' | 'commitment'>,
  { beta = 0.25, legacy = true }: Pick<VqganLossConfig, 'beta' | 'legacy'> = {},
): tf.Scalar {
  return legacy
    ? (tf.add(commitment, tf.mul(codebook, beta)) as tf.Scalar)
    : (tf.add(tf.mul(commitment, beta), codebook) as tf.Scalar);
}

/** 0 before `discriminatorStart`, then `discriminatorFactor` (adopt_weight). */
const factorAt = (step: number, { discriminatorStart, discriminatorFactor = 1 }: VqganLossConfig): number =>
  step < discriminatorStart ? 0 : discriminatorFactor;

/** Mean reconstruction term: |x − x̂| (+ LPIPS), or for logits of one-hot masks binary cross entropy. */
function reconstructionTerm(
  images: tf.Tensor4D,
  output: tf.Tensor4D,
  config: VqganConfig,
  { perceptualWeight = 0 }: VqganLossConfig,
  lpipsParams: LpipsParams | undefined,
): { readonly nll: tf.Scalar; readonly perceptual?: tf.Scalar } {
  if (config.output === 'logits') {
    const targets = tf.mul(tf.add(images, 1), 0.5); // [−1, 1] → {0, 1}
    return { nll: tf.losses.sigmoidCrossEntropy(targets, output) as tf.Scalar };
  }
  const absolute: tf.Scalar = tf.mean(tf.abs(tf.sub(images, output)));
  if (perceptualWeight === 0) return { nll: absolute };
  if (!lpipsParams) {
    throw new TypeError(
      `vqganLoss: perceptualWeight ${perceptualWeight} needs LPIPS parameters. Load VGG-16 and LPIPS weights, or set it to 0.`,
    );
  }
  const perceptual: tf.Scalar = tf.mean(lpips(images, output, lpipsParams));
  return { nll: tf.add(absolute, tf.mul(perceptual, perceptualWeight)), perceptual };
}

const toAdversary = (output: tf.Tensor4D, config: VqganConfig): tf.Tensor4D =>
  config.output === 'logits' ? tf.sub(tf.mul(tf.sigmoid(output), 2), 1) : output;

export interface VqganLossInput {
  /** [B, H, W, channels] in [−1, 1], sides multiples of the downsampling. */
  readonly images: tf.Tensor4D;
  readonly params: VqganParams;
  readonly config: VqganConfig;
  readonly loss: VqganLossConfig;
  /** Optimiser step, from 0. */
  readonly step: number;
  /** Left out, there is no adversarial term: before `discriminatorStart` that costs nothing. */
  readonly adversary?: Adversary;
  /** Batch statistics of the discriminator; absent, it uses its running ones. */
  readonly training?: Training;
  readonly lpips?: LpipsParams;
}

/** The input of a step at which the adversary counts. */
export type AdversarialInput = VqganLossInput & { readonly adversary: Adversary };

/**
 * λ = weight · ‖∇nll‖ / (‖∇g‖ + 1e-4), cut to [0, 1e4], gradients at the decoder's last convolution (VQGAN, eq. 7). A number
 * beside the graph: compute it before the gradients of `vqganLoss` and pass it in. Only that one layer is differentiated.
 */
export function vqganAdaptiveWeight(input: AdversarialInput): tf.Scalar {
  const { images, params, config, loss, adversary, training } = input;
  return tf.tidy(() => {
    const z = vqganLatent(images, params, config.groups);
    const code = lookUp(params.quantize.embedding.weight, nearestCode(z, params.quantize.embedding.weight));
    const features = vqganDecoderFeatures(conv(code, params.post_quant_conv), params.decoder, config.groups);
    const { weight, bias } = params.decoder.conv_out;
    const last = (w: tf.Tensor) => conv(features, { weight: w as tf.Tensor4D, bias });
    const scratch = training && createTraining(training.rng);
    const norm = (f: (w: tf.Tensor) => tf.Tensor) => tf.norm(tf.grad(f)(tf.clone(weight)));
    const nll = norm((w) => reconstructionTerm(images, last(w), config, loss, input.lpips).nll);
    const g = norm((w) =>
      tf.neg(tf.mean(discriminator(toAdversary(last(w), config), adversary.params, adversary.config, scratch))),
    );
    if (scratch) tf.dispose([...scratch.statistics.values()]);
    const ratio = tf.clipByValue(tf.div(nll, tf.add(g, 1e-4)), 0, 1e4);
    return tf.mul(ratio, loss.discriminatorWeight ?? 0.8) as tf.Scalar;
  });
}

export interface VqganLoss {
  readonly loss: tf.Scalar;
  readonly parts: {
    readonly nll: tf.Scalar;
    readonly quantizer: tf.Scalar;
    readonly generator: tf.Scalar;
    readonly perceptual?: tf.Scalar;
  };
  /** [B, h, w] int32 */
  readonly tokens: tf.Tensor3D;
  /** Before quantisation, [B, h, w, codeDim]. */
  readonly z: tf.Tensor4D;
  /** Decoder output, [B, H, W, channels]. */
  readonly output: tf.Tensor4D;
}

/**
 * The generator's loss: nll + λ · factor · (−mean D(x̂)) + codebookWeight · quantiser. Before `discriminatorStart` the
 * adversarial term is nought. Run it under tidy; `adaptive` comes from `vqganAdaptiveWeight`.
 */
export function vqganLoss(input: VqganLossInput, adaptive: tf.Scalar | number): VqganLoss {
  const { images, params, config, loss, step, adversary, training } = input;
  checkImage('vqganLoss', images, config.channels);
  const z = vqganLatent(images, params, config.groups);
  const q = quantize(z, params.quantize.embedding.weight);
  const output = vqganReconstruction(q.quantized, params, config.groups);
  const { nll, perceptual } = reconstructionTerm(images, output, config, loss, input.lpips);
  const quantizer = vectorQuantizer2Loss(q, loss);
  const judge = ({ params, config: shape }: Adversary) =>
    tf.neg(tf.mean(discriminator(toAdversary(output, config), params, shape, training))) as tf.Scalar;
  const generator = adversary ? judge(adversary) : tf.scalar(0);
  const weighted = tf.mul(generator, tf.mul(adaptive, factorAt(step, loss)));
  const total = tf.add(tf.add(nll, weighted), tf.mul(quantizer, loss.codebookWeight ?? 1)) as tf.Scalar;
  return {
    loss: total,
    parts: { nll, quantizer, generator, ...(perceptual ? { perceptual } : {}) },
    tokens: q.tokens,
    z,
    output,
  };
}

/** Decoder output at given images as the discriminator sees it, [B, H, W, channels] in [−1, 1], no gradient kept. */
export const vqganFake = (images: tf.Tensor4D, params: VqganParams, config: VqganConfig): tf.Tensor4D =>
  tf.tidy(() => {
    const codebook = params.quantize.embedding.weight;
    const code = lookUp(codebook, nearestCode(vqganLatent(images, params, config.groups), codebook));
    return stopGradient(toAdversary(vqganReconstruction(code, params, config.groups), config));
  });

/**
 * The discriminator's hinge loss on real images and on the generator's output (both held fixed), [B, H, W, channels] in
 * [−1, 1]. The running statistics follow the real batch, then the fake one, as two PyTorch passes would.
 */
export function discriminatorLoss(
  real: tf.Tensor4D,
  fake: tf.Tensor4D,
  { params, config }: Adversary,
  loss: VqganLossConfig,
  step: number,
  training?: Training,
): tf.Scalar {
  if (!training) {
    return tf.tidy(() =>
      tf.mul(hingeLoss(discriminator(real, params, config), discriminator(fake, params, config)), factorAt(step, loss)),
    );
  }
  const first = createTraining(training.rng);
  const onReal = discriminator(real, params, config, first);
  const origin = new Map<tf.Tensor, tf.Tensor>();
  const between = mapTree(params as unknown as Tree<tf.Tensor>, (tensor) => {
    const next = first.statistics.get(tensor) ?? tensor;
    origin.set(next, tensor);
    return next;
  }) as unknown as DiscriminatorParams;
  const second = createTraining(training.rng);
  const onFake = discriminator(fake, between, config, second);
  for (const [buffer, next] of second.statistics) training.statistics.set(origin.get(buffer)!, next);
  tf.dispose([...first.statistics.values()]);
  return tf.mul(hingeLoss(onReal, onFake), factorAt(step, loss)) as tf.Scalar;
}
