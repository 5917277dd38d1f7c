import * as tf from '@tensorflow/tfjs-core';
import { flatLayout, pack } from './optim/flat.js';
import type { Optimizer } from './optim/optimizer.js';

/** A loss and the figures that it is made of, all scalars. */
export interface LossResult {
  readonly loss: tf.Scalar;
  readonly logs?: Readonly<Record<string, tf.Tensor>>;
}

export interface StepOptions {
  /** The forward pass to the loss. */
  readonly loss: () => LossResult;
  /** Trained variables by parameter name. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  /** Scales gradients so that their joint norm is at most this (torch.nn.utils.clip_grad_norm_). */
  readonly clipNorm?: number | undefined;
}

export interface StepResult {
  readonly loss: number;
  readonly gradNorm: number;
  readonly logs: Readonly<Record<string, number>>;
}

/** Global L2 norm of gradients, over all parameters at once. */
export function gradientNorm(gradients: Iterable<tf.Tensor>): tf.Scalar {
  return tf.tidy(() => {
    const squares = [...gradients].map((gradient) => tf.sum(tf.square(gradient)));
    return tf.sqrt(squares.length === 1 ? squares[0]! : tf.addN(squares)) as tf.Scalar;
  });
}

/**
 * Loss, gradients, clipping, update. Where loss or gradient norm is not finite nothing is updated: the caller sees it in
 * the result and decides.
 */
export async function trainStep({
  loss,
  variables,
  optimizer,
  learningRate,
  clipNorm,
}: StepOptions): Promise<StepResult> {
  const byId = new Map([...variables].map(([name, variable]) => [variable.name, name]));
  let logs: Record<string, tf.Tensor> = {};
  const { value, grads } = tf.variableGrads(() => {
    const result = loss();
    logs = Object.fromEntries(Object.entries(result.logs ?? {}).map(([key, tensor]) => [key, tf.keep(tensor.clone())]));
    return result.loss;
  }, [...variables.values()]);
  // In the order of the parameters, whatever order the tape was walked in.
  const found = new Map(Object.entries(grads).map(([id, gradient]) => [byId.get(id)!, gradient]));
  const gradients = new Map(
    [...variables.keys()].flatMap((name) => (found.has(name) ? [[name, found.get(name)!]] : [])),
  );
  const layout = flatLayout(gradients);
  const vector = pack(layout, gradients); // one vector from here on: norm, clipping and update cost a few operations each
  tf.dispose([...gradients.values()]);
  const norm = gradientNorm([vector]);
  const figures = tf.tidy(() =>
    tf.stack([value, norm, ...Object.values(logs).map((t) => tf.reshape(tf.cast(t, 'float32'), []))]),
  );
  const [lossValue, gradNorm, ...logValues] = await figures.data(); // one read per step for all figures
  tf.dispose([figures, norm, value, ...Object.values(logs)]);
  if (Number.isFinite(lossValue) && Number.isFinite(gradNorm)) {
    const factor = clipNorm === undefined ? 1 : Math.min(1, clipNorm / (gradNorm! + 1e-6));
    const used = factor < 1 ? (tf.mul(vector, factor) as tf.Tensor1D) : vector;
    optimizer.applyFlat(variables, { layout, vector: used }, learningRate);
    if (used !== vector) used.dispose();
  }
  vector.dispose();
  return {
    loss: lossValue!,
    gradNorm: gradNorm!,
    logs: Object.fromEntries(Object.keys(logs).map((key, i) => [key, logValues[i]!])),
  };
}
