import * as tf from '@tensorflow/tfjs-core';
import { flatLayout, pack, unpack } from './flat.js';
import type { Optimizer } from './optimizer.js';

const stepsOf = (group: string) => `steps/${group}`;
/** `exp_avg.NAME` → NAME */
const parameterOf = (entry: string) => entry.slice(entry.indexOf('.') + 1);

/**
 * Parameters that join or leave training together, each group with an optimiser of its own: what is unfrozen later starts with
 * fresh moments and its own count of updates, as in PyTorch, and what rests keeps its state. All parameters of a group must
 * have gradients in a step, or none.
 */
export function groupedOptimizer(groupOf: (name: string) => string, make: () => Optimizer): Optimizer {
  const groups = new Map<string, Optimizer>();
  const optimizerOf = (group: string): Optimizer => {
    const found = groups.get(group) ?? make();
    groups.set(group, found);
    return found;
  };
  let steps = 0;
  const apply: Optimizer['apply'] = (variables, gradients, lr) => {
    steps += 1;
    const parts = new Map<string, Map<string, tf.Tensor>>();
    for (const [name, gradient] of gradients) {
      const group = groupOf(name);
      parts.set(group, (parts.get(group) ?? new Map()).set(name, gradient));
    }
    for (const [group, part] of parts) {
      const layout = flatLayout(part);
      const vectors = pack(layout, part);
      optimizerOf(group).applyFlat(variables, { layout, vectors }, lr);
      tf.dispose(vectors);
    }
  };
  return {
    get steps() {
      return steps;
    },
    apply,
    applyFlat(variables, { layout, vectors }, lr) {
      const gradients = unpack(layout, vectors);
      apply(variables, new Map(layout.names.map((name, i) => [name, gradients[i]!])), lr);
      tf.dispose(gradients);
    },
    state() {
      const all = new Map<string, tf.Tensor>();
      for (const [group, optimizer] of groups) {
        all.set(stepsOf(group), tf.scalar(optimizer.steps));
        for (const [name, tensor] of optimizer.state()) all.set(name, tensor);
      }
      return all;
    },
    restore(saved, stepsSoFar) {
      steps = stepsSoFar;
      const parts = new Map<string, Map<string, tf.Tensor>>();
      for (const [entry, tensor] of saved) {
        if (entry.startsWith('steps/')) continue;
        const group = groupOf(parameterOf(entry));
        parts.set(group, (parts.get(group) ?? new Map()).set(entry, tensor));
      }
      for (const [group, part] of parts) {
        const count = saved.get(stepsOf(group));
        if (!count)
          throw new RangeError(`optimizer: the restored state has no group ${group}. It belongs to other phases.`);
        optimizerOf(group).restore(part, count.dataSync()[0]!);
      }
    },
    dispose() {
      for (const optimizer of groups.values()) optimizer.dispose();
      groups.clear();
    },
  };
}
