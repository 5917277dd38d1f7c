import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors, writeSafetensors } from '@gss/checkpoint/node';
import { loadParams, type ParamsOf, type Spec, type StoredTensor, stateDict, type Tree } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { listCheckpoints, stepFile } from './checkpoints.js';

/** The evaluation that was best so far. */
export interface Best {
  readonly step: number;
  /** Its figure. */
  readonly value: number;
  /** File of the weights that it was of. */
  readonly path: string;
}

/** Keeps the weights of the best evaluation in a folder of its own, which no rotation of checkpoints touches. */
export interface BestKeeper<S extends Spec> {
  readonly best: Best | undefined;
  /** Writes the weights if the figure is better than any before; equal ones keep the earlier. True if they were. */
  consider(step: number, value: number, params: ParamsOf<S>): Promise<boolean>;
  /** The best weights as plain tensors that belong to the caller. @throws RangeError where nothing was kept */
  load(): Promise<ParamsOf<S>>;
}

async function readBest(dir: string, config: string): Promise<Best | undefined> {
  const file = listCheckpoints(dir).at(-1);
  if (!file) return undefined;
  const opened = await openSafetensors(file.path);
  const { config: stored, value } = (opened.metadata ?? {}) as Readonly<Record<string, string>>;
  await opened.close();
  // One of another run in the same folder is no rival; the next that is kept replaces it.
  return stored === config && value !== undefined ? { ...file, value: Number(value) } : undefined;
}

/**
 * Opens the folder of the best weights. With `resume` the best of the interrupted run still counts, also one of a step after
 * the checkpoint: that step comes again with the same figure.
 */
export async function openBest<const S extends Spec>(
  dir: string,
  { spec, config, resume }: { readonly spec: S; readonly config: string; readonly resume: boolean },
): Promise<BestKeeper<S>> {
  let best = resume ? await readBest(dir, config) : undefined;
  return {
    get best() {
      return best;
    },
    async consider(step, value, params) {
      if (!Number.isFinite(value) || (best && value <= best.value)) return false;
      mkdirSync(dir, { recursive: true });
      const weights = await stateDict(spec, params as Tree<tf.Tensor>);
      const entries = new Map([...weights].map(([name, stored]) => [`model.${name}`, stored]));
      const path = stepFile(dir, step);
      await writeSafetensors(path, entries, { step: String(step), value: String(value), config });
      const kept = path.slice(dir.length + 1);
      for (const file of readdirSync(dir))
        if (file !== kept && file.endsWith('.safetensors')) unlinkSync(join(dir, file));
      best = { step, value, path };
      return true;
    },
    async load() {
      if (!best) throw new RangeError(`best: ${dir} holds no weights of this run. Evaluate at least once.`);
      const file = await openSafetensors(best.path);
      try {
        const weights = new Map<string, StoredTensor>();
        for (const name of file.tensors.keys()) weights.set(name.slice('model.'.length), await file.read(name));
        return loadParams<Spec>(best.path, spec, weights) as unknown as ParamsOf<S>;
      } finally {
        await file.close();
      }
    },
  };
}
