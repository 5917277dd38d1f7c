import * as tf from '@tensorflow/tfjs-core';
import { type FlatLayout, flatLayout, pack, sizeOfPart, unpack } from './flat.js';
import { type ParamRule, ruleFor } from './param-groups.js';

/** Changes variables by their gradients. Its state can be saved and given back, so that a resumed run goes on exactly. */
export interface Optimizer {
  /** One update at learning rate `lr`. Variables without a gradient stay as they are, undecayed, as in PyTorch. */
  apply(variables: ReadonlyMap<string, tf.Variable>, gradients: ReadonlyMap<string, tf.Tensor>, lr: number): void;
  /** `apply` for gradients that are the layout's vectors already; the layout must be that of every update. */
  applyFlat(variables: ReadonlyMap<string, tf.Variable>, gradient: FlatGradient, lr: number): void;
  /** Updates so far. */
  readonly steps: number;
  /** State tensors by name (`exp_avg.NAME`, …), copies that belong to the caller. */
  state(): Map<string, tf.Tensor>;
  /** Continues from a state and its number of steps; the given tensors stay the caller's. */
  restore(state: ReadonlyMap<string, tf.Tensor>, steps: number): void;
  dispose(): void;
}

/** Gradients of many parameters in few vectors. */
export interface FlatGradient {
  readonly layout: FlatLayout;
  readonly vectors: readonly tf.Tensor1D[];
}

/** What an update rule sees: one vector of the layout, of values, gradients and state. */
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

/** A multiplier for each vector of the layout: one number where all its parameters share it, else one an element. */
const multipliers = (layout: FlatLayout, pick: (rule: Required<ParamRule>) => number, rules: readonly ParamRule[]) =>
  layout.parts.map((part): tf.Tensor1D | tf.Scalar => {
    const own = part.map((i) => pick(ruleFor(layout.names[i]!, rules)));
    if (own.every((m) => m === own[0])) return tf.scalar(own[0] ?? 1);
    const values = new Float32Array(sizeOfPart(layout, part));
    let at = 0;
    for (const [k, i] of part.entries()) {
      const size = layout.sizes[i]!;
      values.fill(own[k]!, at, at + size);
      at += size;
    }
    return tf.tensor1d(values);
  });

/** Throws unless both lists hold the same names in the same order. */
function refuseOthers(expected: readonly string[], got: readonly string[]): void {
  if (expected.length === got.length && expected.every((name, i) => name === got[i])) return;
  const odd = [...got.filter((name) => !expected.includes(name)), ...expected.filter((name) => !got.includes(name))];
  throw new RangeError(
    `optimizer: the set of trained parameters changed (${odd.join(', ') || 'their order'}). Make a new optimizer for a new phase.`,
  );
}

/** What an optimizer has once it knows its parameters; each list is by vector of the layout. */
interface Started {
  readonly layout: FlatLayout;
  readonly lrMults: readonly tf.Tensor[];
  readonly decays: readonly tf.Tensor[];
  /** By name of the method's state, then by vector. */
  state: readonly (readonly tf.Tensor1D[])[];
}

/** The life shared by all methods: layout on first use, state kept between updates. */
export function createOptimizer(method: Method, weightDecay: number, rules: readonly ParamRule[]): Optimizer {
  let started: Started | undefined;
  let restored: ReadonlyMap<string, tf.Tensor> | undefined;
  let steps = 0;

  const start = (layout: FlatLayout): Started => {
    const state = method.stateNames.map((key) => {
      if (!restored) return layout.parts.map((part) => tf.zeros([sizeOfPart(layout, part)]) as tf.Tensor1D);
      const parts = new Map(layout.names.map((name) => [name, restored?.get(`${key}.${name}`)] as const));
      const missing = [...parts].filter(([, tensor]) => !tensor).map(([name]) => name);
      if (missing.length)
        throw new RangeError(
          `optimizer: the restored state lacks ${key} of ${missing.join(', ')}. It belongs to another model.`,
        );
      return pack(layout, parts as Map<string, tf.Tensor>);
    });
    if (restored) tf.dispose([...restored.values()]);
    restored = undefined;
    const lrMults = multipliers(layout, (rule) => rule.lrMult, rules);
    return { layout, lrMults, decays: multipliers(layout, (rule) => rule.decayMult * weightDecay, rules), state };
  };

  const applyFlat: Optimizer['applyFlat'] = (variables, { layout: given, vectors }, lr) => {
    started ??= start(given);
    const { layout, lrMults, decays, state } = started;
    refuseOthers(layout.names, given.names);
    steps += 1;
    const next = state.map((): tf.Tensor1D[] => []);
    const values = pack(layout, variables).map((value, p) => {
      const moved = tf.tidy(() => {
        const result = method.update({
          value,
          gradient: vectors[p]!,
          lr: tf.mul(lrMults[p]!, lr),
          weightDecay: decays[p]! as tf.Scalar,
          state: state.map((parts) => parts[p]!),
          step: steps,
        });
        return [result.value, ...result.state] as tf.Tensor1D[];
      });
      tf.dispose([value, ...state.map((parts) => parts[p]!)]); // at once: the next vector finds their memory in the cache
      for (const [k, parts] of next.entries()) parts.push(moved[k + 1]!);
      return moved[0]!;
    });
    started.state = next;
    for (const [i, value] of unpack(layout, values).entries()) {
      variables.get(layout.names[i]!)!.assign(value);
      value.dispose();
    }
    tf.dispose(values);
  };

  return {
    get steps() {
      return steps;
    },
    apply(variables, gradients, lr) {
      const layout = started?.layout ?? flatLayout(gradients);
      refuseOthers([...layout.names].sort(), [...gradients.keys()].sort());
      const vectors = pack(layout, gradients);
      applyFlat(variables, { layout, vectors }, lr);
      tf.dispose(vectors);
    },
    applyFlat,
    state() {
      const out = new Map<string, tf.Tensor>();
      if (!started) return out;
      const { layout, state } = started;
      for (const [k, key] of method.stateNames.entries()) {
        for (const [i, tensor] of unpack(layout, state[k]!).entries()) out.set(`${key}.${layout.names[i]}`, tensor);
      }
      return out;
    },
    restore(saved, stepsSoFar) {
      if (started) throw new RangeError('optimizer: restore before the first apply.');
      steps = stepsSoFar;
      if (stepsSoFar > 0) restored = new Map([...saved].map(([name, tensor]) => [name, tensor.clone()]));
    },
    dispose() {
      if (started) tf.dispose([...started.lrMults, ...started.decays, ...started.state.flat()]);
      tf.dispose([...(restored?.values() ?? [])]);
      started = undefined;
      restored = undefined;
    },
  };
}
