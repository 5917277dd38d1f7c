import { mapTree, namedTensors, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type FlatLayout, flatLayout, pack, unpack } from './optim/flat.js';

export interface EmaOptions {
  /** Share of the average that a step keeps, in [0, 1): 0.999 averages over about the last thousand steps. */
  readonly decay: number;
  /** Start with less: min(decay, (1 + t) / (10 + t)) after t updates, as timm does. Default true. */
  readonly warmup?: boolean | undefined;
}

/** Exponential moving average of a parameter tree. Its state can be saved and given back, like an optimiser's. */
export interface Ema {
  /** Takes the parameters that training starts from as the first average, or a restored average instead. */
  begin(params: Tree<tf.Tensor>): void;
  /** ē ← ē + (1 − decay) · (e − ē), over all covered leaves at once. */
  update(params: Tree<tf.Tensor>): void;
  /** The averaged tree: covered leaves averaged, others as in `params`. Plain tensors that belong to the caller. */
  tree<T>(params: T): T;
  /** Updates so far. */
  readonly steps: number;
  /** The average by parameter name, copies that belong to the caller. */
  state(): Map<string, tf.Tensor>;
  /** Continues from a state and its number of updates, before `begin`; the given tensors stay the caller's. */
  restore(state: ReadonlyMap<string, tf.Tensor>, steps: number): void;
  dispose(): void;
}

/**
 * An average of the float leaves for which `covers` holds: what trains, and the running statistics that go with it, in few
 * vectors. Leaves that do not move stay bit for bit what they are.
 * @throws RangeError for a decay outside [0, 1)
 */
export function createEma({ decay, warmup = true }: EmaOptions, covers: (name: string) => boolean = () => true): Ema {
  if (!(decay >= 0 && decay < 1)) throw new RangeError(`ema: decay ${decay} is not in [0, 1). Usual: 0.99 … 0.9999.`);
  const select = (params: Tree<tf.Tensor>) =>
    new Map([...namedTensors(params)].filter(([name, tensor]) => tensor.dtype === 'float32' && covers(name)));
  let layout: FlatLayout = { names: [], sizes: [], shapes: [], parts: [] };
  let average: tf.Tensor1D[] | undefined;
  let restored: ReadonlyMap<string, tf.Tensor> | undefined;
  let steps = 0;
  const started = (): tf.Tensor1D[] => {
    if (!average) throw new RangeError('ema: call begin with the parameters first.');
    return average;
  };
  const parts = () => {
    const tensors = unpack(layout, started());
    return new Map(layout.names.map((name, i) => [name, tensors[i]!]));
  };
  return {
    begin(params) {
      const covered = select(params);
      layout = flatLayout(covered);
      const missing = layout.names.filter((name) => restored && !restored.has(name));
      if (missing.length) {
        throw new RangeError(`ema: the restored average lacks ${missing.join(', ')}. It belongs to another model.`);
      }
      if (average) tf.dispose(average);
      average = pack(layout, restored ?? covered);
      if (restored) tf.dispose([...restored.values()]);
      restored = undefined;
    },
    update(params) {
      const before = started();
      const share = warmup ? Math.min(decay, (1 + steps) / (10 + steps)) : decay;
      average = pack(layout, select(params)).map((now, i) => {
        const was = before[i]!;
        const next = tf.keep(tf.tidy(() => tf.add(was, tf.mul(tf.sub(now, was), 1 - share)) as tf.Tensor1D));
        tf.dispose([now, was]);
        return next;
      });
      steps += 1;
    },
    tree<T>(params: T): T {
      const averaged = parts();
      const take = (tensor: tf.Tensor, name: string) => averaged.get(name) ?? tf.tidy(() => tensor.clone());
      return mapTree(params as Tree<tf.Tensor>, take) as T;
    },
    get steps() {
      return steps;
    },
    state: () => (average ? parts() : new Map()),
    restore(saved, stepsSoFar) {
      if (average) throw new RangeError('ema: restore before begin.');
      steps = stepsSoFar;
      restored = new Map([...saved].map(([name, tensor]) => [name, tensor.clone()]));
    },
    dispose() {
      if (average) tf.dispose(average);
      average = undefined;
      if (restored) tf.dispose([...restored.values()]);
      restored = undefined;
    },
  };
}
