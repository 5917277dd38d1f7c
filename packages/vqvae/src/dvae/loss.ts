import { type Rng, ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkImage } from '../tokenizer.js';
import { type DvaeConfig, dvaeDownsample } from './config.js';
import { dvaeDecoder, embedProbabilities } from './decoder.js';
import { dvaeEncoder } from './encoder.js';
import { mapPixels } from './pixels.js';
import type { DvaeParams } from './tokenizer.js';

/**
 * −log of the logit-Laplace density (DALL·E, eq. 2), mean over all values: mapped image x in (0, 1), [B, H, W, C], decoder
 * output [B, H, W, 2C] = (μ, log b): log 2b + log x(1 − x) + |logit x − μ| / b.
 */
export function logitLaplaceLoss(mapped: tf.Tensor4D, decoded: tf.Tensor4D): tf.Scalar {
  const [B, H, W, C] = mapped.shape;
  if (decoded.shape.join() !== [B, H, W, 2 * C].join()) {
    throw new ShapeError('logitLaplaceLoss', `decoder output [${B}, ${H}, ${W}, ${2 * C}]`, decoded.shape);
  }
  return tf.tidy(() => {
    const [mean, logScale] = tf.split(decoded, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    const rest = tf.sub(1, mapped);
    const logit = tf.log(tf.div(mapped, rest));
    const distance = tf.mul(tf.abs(tf.sub(logit, mean)), tf.exp(tf.neg(logScale)));
    const constant = tf.add(tf.log(tf.mul(mapped, rest)), Math.LN2);
    return tf.mean(tf.add(tf.add(distance, logScale), constant));
  });
}

/** A relaxed sample of the codes, softmax((logits + g) / τ) with g standard Gumbel (Jang et al. 2017): [..., V] → [..., V]. */
export function gumbelSoftmax(logits: tf.Tensor4D, temperature: number, rng: Rng): tf.Tensor4D {
  if (!(temperature > 0)) throw new RangeError(`gumbelSoftmax: expected a temperature above 0, got ${temperature}.`);
  return tf.tidy(() => {
    const gumbel = Float32Array.from({ length: logits.size }, () => -Math.log(-Math.log(rng.uniform() + 2 ** -33)));
    return tf.softmax(tf.div(tf.add(logits, tf.tensor(gumbel, logits.shape)), temperature)) as tf.Tensor4D;
  });
}

/** KL(q ‖ uniform) of each token in nats, mean over tokens: logits [B, h, w, V] → scalar in [0, log V]. */
export function klToUniform(logits: tf.Tensor4D): tf.Scalar {
  const V = logits.shape[3];
  return tf.tidy(() => {
    const logQ = tf.logSoftmax(logits);
    const perToken = tf.sum(tf.mul(tf.exp(logQ), logQ), 3);
    return tf.mean(tf.add(perToken, Math.log(V)));
  });
}

/** From `from` to `to` along half a cosine over `steps` steps, then constant. */
export function cosineAnneal(step: number, steps: number, from: number, to: number): number {
  const done = Math.min(1, Math.max(0, step / steps));
  return to + ((from - to) * (1 + Math.cos(Math.PI * done))) / 2;
}

export interface DvaeScheduleOptions {
  /** τ at the end. Default 1/16; at the start it is 1. */
  readonly temperature?: number;
  /** Share of the run over which τ falls. Default 150,000 of the paper's 3,000,000 updates. */
  readonly temperatureShare?: number;
  /** β of the KL term in the end. Default 6.6; at the start it is 0. */
  readonly klWeight?: number;
  /** Share of the run over which β rises. Default 5,000 of 3,000,000. */
  readonly klShare?: number;
}

/**
 * The schedules of DALL·E (appendix A.2) stretched over `steps` updates: temperature 1 → 1/16, weight of the KL term 0 → 6.6,
 * step size 1e-4 → 1.25e-6, within the shares of the run that 150,000, 5,000 and 1,200,000 are of its 3,000,000 updates.
 * A run of a few hundred updates needs larger shares.
 */
export const dvaeSchedule = (
  step: number,
  steps: number,
  {
    temperature = 1 / 16,
    temperatureShare = 150_000 / 3_000_000,
    klWeight = 6.6,
    klShare = 5_000 / 3_000_000,
  }: DvaeScheduleOptions = {},
) => ({
  temperature: cosineAnneal(step, steps * temperatureShare, 1, temperature),
  klWeight: cosineAnneal(step, steps * klShare, 0, klWeight),
  stepSize: cosineAnneal(step, steps * (1_200_000 / 3_000_000), 1e-4, 1.25e-6),
});

export interface DvaeLossOptions {
  /** τ of the Gumbel-softmax relaxation. */
  readonly temperature: number;
  /** β of the KL term. */
  readonly klWeight: number;
  readonly rng: Rng;
}

export interface DvaeLoss {
  readonly loss: tf.Scalar;
  readonly parts: { readonly reconstruction: tf.Scalar; readonly kl: tf.Scalar };
  /** Most likely codes, [B, h, w] int32, for `codebookUsage`. */
  readonly tokens: tf.Tensor3D;
}

/**
 * The relaxed negative ELBO per image value, as DALL·E divides it: images, [B, H, W, channels] in [0, 1], sides multiples
 * of 8. A token's KL is shared by the 8 · 8 · channels values it stands for. Run it under tidy.
 */
export function dvaeLoss(
  images: tf.Tensor4D,
  params: DvaeParams,
  config: DvaeConfig,
  { temperature, klWeight, rng }: DvaeLossOptions,
): DvaeLoss {
  checkImage('dvaeLoss', images, config.channels);
  const [, H, W] = images.shape;
  if (H % dvaeDownsample || W % dvaeDownsample) {
    throw new ShapeError('dvaeLoss', `sides in multiples of ${dvaeDownsample}`, images.shape, 'Crop to that.');
  }
  const mapped = mapPixels(images);
  const logits = dvaeEncoder(mapped, params.encoder, config);
  const code = gumbelSoftmax(logits, temperature, rng);
  const decoded = dvaeDecoder(embedProbabilities(code, params.decoder), params.decoder, config);
  const reconstruction = logitLaplaceLoss(mapped, decoded);
  const kl = klToUniform(logits);
  const share = klWeight / (dvaeDownsample ** 2 * config.channels);
  return {
    loss: tf.add(reconstruction, tf.mul(kl, share)),
    parts: { reconstruction, kl },
    tokens: tf.argMax(logits, 3) as tf.Tensor3D,
  };
}
