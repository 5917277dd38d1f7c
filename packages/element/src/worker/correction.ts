import { parseSafetensors, serializeSafetensors } from '@gss/checkpoint';
import { type ConvInverseParams, convInverse, convInverseSpec } from '@gss/posterior';
import type { Runtime } from '@gss/segmenter';
import { createRng, initParams, loadParams, mapTree, resize, stateDict, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * What the page learned: the convolutions of GSS-FT's 𝒳⁻¹, whose logits are added to those of the model's own. Their last layer starts
 * at zero, so that nothing changes before the first step, and classes that no example shows keep what they had.
 */
export interface Correction {
  readonly params: ConvInverseParams;
}

/** Width of the hidden layers; the paper gives none. */
const channels = 32;
export const correctionSpec = (classes: number) => convInverseSpec({ channels, classes });

/** Fresh: adds nothing. BatchNorm keeps mean 0 and variance 1, maskiges being in [0, 1] already. */
export function freshCorrection(classes: number): ConvInverseParams {
  const params = initParams(correctionSpec(classes), createRng(1)) as unknown as Tree<tf.Tensor>;
  return mapTree(params, (tensor, name) => {
    if (name !== '2.conv.weight') return tensor;
    tensor.dispose();
    return tf.zeros(tensor.shape);
  }) as unknown as ConvInverseParams;
}

/** The same correction of logits that are `factor` times as large; the caller disposes it. */
export function scaleCorrection(params: ConvInverseParams, factor: number): ConvInverseParams {
  return mapTree(params as unknown as Tree<tf.Tensor>, (tensor, name) =>
    name.startsWith('2.conv.') ? tf.mul(tensor, factor) : tf.clone(tensor),
  ) as unknown as ConvInverseParams;
}

/** Logits [B, H, W, K] of the model's own 𝒳⁻¹, corrected by what was learned. `decoded` is x̂ as the tokenizer gives it. */
export function corrected<T extends tf.Tensor>(
  logits: T,
  decoded: tf.Tensor4D,
  { codec }: Pick<Runtime, 'codec'>,
  correction: Correction | undefined,
): tf.Tensor4D {
  if (!correction) return logits as unknown as tf.Tensor4D;
  const [, H, W] = logits.shape as [number, number, number, number];
  const picture = resize(decoded.shape[3] === 3 ? decoded : codec.picture(decoded), [H, W]);
  return tf.add(logits, convInverse(picture, correction.params)) as tf.Tensor4D;
}

/** As a safetensors file, with the names of the reference's FT inverse. */
export async function saveCorrection(params: ConvInverseParams, classes: number): Promise<Uint8Array<ArrayBuffer>> {
  const weights = await stateDict(correctionSpec(classes), params as unknown as Tree<tf.Tensor>);
  return new Uint8Array(serializeSafetensors(weights, { format: 'gss-correction', classes: String(classes) }));
}

export function loadCorrection(bytes: Uint8Array, classes: number): Correction {
  const weights = parseSafetensors(bytes, { label: 'learned weights' });
  return { params: loadParams('learned weights', correctionSpec(classes), weights) };
}
