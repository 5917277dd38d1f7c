import { fusedSumOfSquares, hasFused } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { variableGradients } from './backward.js';
import { type FlatLayout, flatLayout, pack } from './optim/flat.js';
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
    const square = hasFused('GssSumOfSquares') ? fusedSumOfSquares : (x: tf.Tensor) => tf.sum(tf.square(x));
    const squares = [...gradients].map(square);
    return tf.sqrt(squares.length === 1 ? squares[0]! : tf.addN(squares)) as tf.Scalar;
  });
}

/** Gradients of one batch, or their sum over several, in the layout's vectors, and the loss with its figures in one. */
export interface Recorded {
  readonly layout: FlatLayout;
  readonly vectors: readonly tf.Tensor1D[];
  /** Names of the figures after the loss. */
  readonly keys: readonly string[];
  /** Loss and figures, [1 + keys]. */
  readonly figures: tf.Tensor1D;
}

const scalarOf = (tensor: tf.Tensor): tf.Scalar => tf.reshape(tf.cast(tensor, 'float32'), []);

/** The forward and backward pass of one batch; changes nothing. */
export function recordGradients(loss: () => LossResult, variables: ReadonlyMap<string, tf.Variable>): Recorded {
  let logs: Record<string, tf.Tensor> = {};
  const { value, gradients: found } = variableGradients(() => {
    const result = loss();
    logs = Object.fromEntries(Object.entries(result.logs ?? {}).map(([key, tensor]) => [key, tf.keep(tensor.clone())]));
    return result.loss;
  }, [...variables.values()]);
  const gradients = new Map(
    [...variables].flatMap(([name, variable]) => (found.has(variable.name) ? [[name, found.get(variable.name)!]] : [])),
  );
  const layout = flatLayout(gradients);
  const vectors = pack(layout, gradients); // norm, clipping and update cost a few operations for each of these
  tf.dispose([...gradients.values()]);
  const figures = tf.tidy(() => tf.stack([value, ...Object.values(logs)].map(scalarOf)) as tf.Tensor1D);
  tf.dispose([value, ...Object.values(logs)]);
  return { layout, vectors, keys: Object.keys(logs), figures };
}

/** The sum of two records, which are disposed. @throws RangeError where they are not of the same parameters */
export function addRecorded(sum: Recorded, next: Recorded): Recorded {
  const same = sum.layout.names.join() === next.layout.names.join() && sum.keys.join() === next.keys.join();
  if (!same) throw new RangeError('trainStep: the batches of a step have gradients of different parameters.');
  const vectors = sum.vectors.map((vector, i) => tf.add(vector, next.vectors[i]!) as tf.Tensor1D);
  const figures = tf.add(sum.figures, next.figures) as tf.Tensor1D;
  tf.dispose([...sum.vectors, sum.figures, ...next.vectors, next.figures]);
  return { ...sum, vectors, figures };
}

/**
 * The update by the mean of `count` recorded batches; the record is disposed. Where loss or gradient norm is not finite nothing is
 * updated: the caller sees it in the result and decides.
 */
export async function applyRecorded(
  recorded: Recorded,
  { variables, optimizer, learningRate, clipNorm }: Omit<StepOptions, 'loss'>,
  count = 1,
): Promise<StepResult> {
  const { layout, keys } = recorded;
  const scaled = (vectors: readonly tf.Tensor1D[], factor: number): readonly tf.Tensor1D[] => {
    if (factor === 1) return vectors;
    const out = vectors.map((vector) => tf.tidy(() => tf.mul(vector, factor)) as tf.Tensor1D);
    tf.dispose([...vectors]);
    return out;
  };
  let vectors = scaled(recorded.vectors, 1 / count);
  const figures = tf.tidy(() => {
    const mean = count === 1 ? recorded.figures : tf.div(recorded.figures, count);
    return tf.concat([tf.reshape(gradientNorm(vectors), [1]), mean]);
  });
  const [gradNorm, lossValue, ...logValues] = await figures.data(); // one read per step for all figures
  tf.dispose([figures, recorded.figures]);
  if (Number.isFinite(lossValue) && Number.isFinite(gradNorm)) {
    vectors = scaled(vectors, clipNorm === undefined ? 1 : Math.min(1, clipNorm / (gradNorm! + 1e-6)));
    optimizer.applyFlat(variables, { layout, vectors }, learningRate);
  }
  tf.dispose([...vectors]);
  return {
    loss: lossValue!,
    gradNorm: gradNorm!,
    logs: Object.fromEntries(keys.map((key, i) => [key, logValues[i]!])),
  };
}

/**
 * Loss, gradients, clipping, update. Where loss or gradient norm is not finite nothing is updated: the caller sees it in
 * the result and decides.
 */
export const trainStep = async ({ loss, ...options }: StepOptions): Promise<StepResult> =>
  applyRecorded(recordGradients(loss, options.variables), options);
