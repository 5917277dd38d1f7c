import * as tf from '@tensorflow/tfjs-core';
import { type FlatLayout, flatLayout, pack, unpack } from './flat.js';
import { type ParamRule, ruleFor } from './param-groups.js';

/** Changes variables by their gradients. Its state can be saved and given back, so that a resumed run goes on exactly. */
export interface Optimizer {
  /** One update at learning rate `lr`. Variables without a gradient stay as they are, undecayed, as in PyTorch. */
  apply(variables: ReadonlyMap<string, tf.Variable>, gradients: ReadonlyMap<string, tf.Tensor>, lr: number): void;
  /** `apply` for gradients that are one vector already, in the layout's order, which must be that of every update. */
  applyFlat(variables: ReadonlyMap<string, tf.Variable>, gradient: FlatGradient, lr: number): void;
  /** Updates so far. */
  readonly steps: number;
  /** State tensors by name (`exp_avg.NAME`, …), copies that belong to the caller. */
  state(): Map<string, tf.Tensor>;
  /** Continues from a state and its number of steps; the given tensors stay the caller's. */
  restore(state: ReadonlyMap<string, tf.Tensor>, steps: number): void;
  dispose(): void;
}

/** Gradients of many parameters as one vector. */
export interface FlatGradient {
  readonly layout: FlatLayout;
  readonly vector: tf.Tensor1D;
}

/** What an update rule sees: everything is one flat vector. */
interface Update {
  readonly value: tf.Tensor1D;
  readonly gradient: tf.Tensor1D;
  /** Learning rate and weight decay per element, or one number when all parameters share it. */
  readonly lr: tf.Tensor1D | tf.Scalar;
  readonly weightDecay: tf.Tensor1D | tf.Scalar;
  readonly state: readonly tf.Tensor1D[];
  /** 1 at the first update. */
  readonly step: number;
}

interface Method {
  readonly stateNames: readonly string[];
  /** Value and state after the update. */
  update(update: Update): { value: tf.Tensor; state: readonly tf.Tensor[] };
}

const perElement = (layout: FlatLayout, pick: (rule: Required<ParamRule>) => number, rules: readonly ParamRule[]) => {
  const multipliers = layout.names.map((name) => pick(ruleFor(name, rules)));
  if (multipliers.every((m) => m === multipliers[0])) return tf.scalar(multipliers[0] ?? 1);
  const values = new Float32Array(layout.total);
  let at = 0;
  for (const [i, size] of layout.sizes.entries()) {
    values.fill(multipliers[i]!, at, at + size);
    at += size;
  }
  return tf.tensor1d(values);
};

/** Throws unless both lists hold the same names in the same order. */
function refuseOthers(expected: readonly string[], got: readonly string[]): void {
  if (expected.length === got.length && expected.every((name, i) => name === got[i])) return;
  const odd = [...got.filter((name) => !expected.includes(name)), ...expected.filter((name) => !got.includes(name))];
  throw new RangeError(
    `optimizer: the set of trained parameters changed (${odd.join(', ') || 'their order'}). Make a new optimizer for a new phase.`,
  );
}

/** The life shared by all methods: layout on first use, state kept between updates. */
export function createOptimizer(method: Method, weightDecay: number, rules: readonly ParamRule[]): Optimizer {
  let layout: FlatLayout | undefined;
  let lrMult: tf.Tensor1D | tf.Scalar | undefined;
  let decay: tf.Tensor1D | tf.Scalar | undefined;
  let state: tf.Tensor1D[] = [];
  let restored: ReadonlyMap<string, tf.Tensor> | undefined;
  let steps = 0;

  const start = (made: FlatLayout) => {
    layout = made;
    lrMult = perElement(made, (rule) => rule.lrMult, rules);
    decay = perElement(made, (rule) => rule.decayMult * weightDecay, rules);
    state = method.stateNames.map((key) => {
      if (!restored) return tf.zeros([made.total]) as tf.Tensor1D;
      const parts = new Map(made.names.map((name) => [name, restored?.get(`${key}.${name}`)] as const));
      const missing = [...parts].filter(([, tensor]) => !tensor).map(([name]) => name);
      if (missing.length)
        throw new RangeError(
          `optimizer: the restored state lacks ${key} of ${missing.join(', ')}. It belongs to another model.`,
        );
      return pack(made, parts as Map<string, tf.Tensor>);
    });
    if (restored) tf.dispose([...restored.values()]);
    restored = undefined;
  };

  const applyFlat: Optimizer['applyFlat'] = (variables, gradient, lr) => {
    if (!layout) start(gradient.layout);
    else refuseOthers(layout.names, gradient.layout.names);
    const { names } = layout!;
    steps += 1;
    const { values, next } = tf.tidy(() => {
      const result = method.update({
        value: pack(layout!, variables),
        gradient: gradient.vector,
        lr: tf.mul(lrMult!, lr),
        weightDecay: decay!,
        state,
        step: steps,
      });
      return { values: unpack(layout!, result.value as tf.Tensor1D), next: [...result.state] as tf.Tensor1D[] };
    });
    tf.dispose(state);
    state = next;
    for (const [i, value] of values.entries()) variables.get(names[i]!)!.assign(value);
    tf.dispose(values);
  };

  return {
    get steps() {
      return steps;
    },
    apply(variables, gradients, lr) {
      const packing = layout ?? flatLayout(gradients);
      refuseOthers([...packing.names].sort(), [...gradients.keys()].sort());
      const vector = pack(packing, gradients);
      applyFlat(variables, { layout: packing, vector }, lr);
      vector.dispose();
    },
    applyFlat,
    state() {
      const out = new Map<string, tf.Tensor>();
      if (!layout) return out;
      for (const [i, key] of method.stateNames.entries()) {
        for (const [j, tensor] of unpack(layout, state[i]!).entries()) out.set(`${key}.${layout.names[j]}`, tensor);
      }
      return out;
    },
    restore(saved, stepsSoFar) {
      if (layout) throw new RangeError('optimizer: restore before the first apply.');
      steps = stepsSoFar;
      if (stepsSoFar > 0) restored = new Map([...saved].map(([name, tensor]) => [name, tensor.clone()]));
    },
    dispose() {
      tf.dispose([...state, ...(lrMult ? [lrMult] : []), ...(decay ? [decay] : []), ...(restored?.values() ?? [])]);
      state = [];
      layout = undefined;
      lrMult = undefined;
      decay = undefined;
      restored = undefined;
    },
  };
}
