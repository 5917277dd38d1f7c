import { existsSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '@gss/checkpoint';
import { openSafetensors, writeSafetensors } from '@gss/checkpoint/node';
import {
  loadParams,
  type ParamsOf,
  type Spec,
  type StoredTensor,
  stateDict,
  storedToFloat32,
  type Tree,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '../optim/optimizer.js';

/** What a checkpoint file says besides its tensors. */
export interface CheckpointInfo {
  readonly path: string;
  /** Steps done. */
  readonly step: number;
  /** The stage's configuration as JSON: a checkpoint of another configuration is refused. */
  readonly config: string;
}

const pattern = /^step-(\d{8})\.safetensors$/;
const fileOf = (dir: string, step: number) => join(dir, `step-${String(step).padStart(8, '0')}.safetensors`);

/** Checkpoint files of a run, oldest first. Temporary files of interrupted writes are no checkpoints. */
export function listCheckpoints(dir: string): { path: string; step: number }[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .flatMap((file) => {
      const step = pattern.exec(file)?.[1];
      return step ? [{ path: join(dir, file), step: Number(step) }] : [];
    })
    .sort((a, b) => a.step - b.step);
}

/**
 * Writes parameters, buffers and optimiser state into one file, atomically, then removes all but the newest `keep`.
 * One file, so that no crash can pair the weights of one step with the optimiser of another.
 */
export async function saveCheckpoint(
  dir: string,
  {
    step,
    config,
    spec,
    params,
    optimizer,
    keep = 2,
  }: {
    step: number;
    config: string;
    spec: Spec;
    params: Tree<tf.Tensor>;
    optimizer: Optimizer;
    keep?: number;
  },
): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const entries = new Map<string, StoredTensor>();
  for (const [name, stored] of await stateDict(spec, params)) entries.set(`model.${name}`, stored);
  const state = optimizer.state();
  for (const [name, tensor] of state) {
    entries.set(`optimizer.${name}`, {
      dtype: 'F32',
      shape: tensor.shape,
      data: (await tensor.data()) as Float32Array,
    });
  }
  tf.dispose([...state.values()]);
  const path = fileOf(dir, step);
  await writeSafetensors(path, entries, { step: String(step), optimizer_steps: String(optimizer.steps), config });
  for (const old of listCheckpoints(dir).slice(0, -keep)) unlinkSync(old.path);
  return path;
}

/** Reads a checkpoint back: parameters as plain tensors, and the optimiser restored. Throws where `config` differs. */
export async function loadCheckpoint<const S extends Spec>(
  path: string,
  { spec, config, optimizer }: { spec: S; config: string; optimizer: Optimizer },
): Promise<{ params: ParamsOf<S>; step: number }> {
  const file = await openSafetensors(path);
  try {
    const { step, optimizer_steps, config: stored } = (file.metadata ?? {}) as Readonly<Record<string, string>>;
    if (step === undefined || optimizer_steps === undefined || stored === undefined) {
      throw new CheckpointError(
        'not a training checkpoint: its metadata lacks step, optimizer_steps or config. Name a file of RUN/checkpoints.',
        { file: path },
      );
    }
    if (stored !== config) {
      throw new CheckpointError(
        `was written by a run with another configuration.\n  there ${stored}\n  now   ${config}\nResume with the same configuration, or start a new run in another folder.`,
        { file: path },
      );
    }
    const model = new Map<string, StoredTensor>();
    const state = new Map<string, tf.Tensor>();
    for (const name of file.tensors.keys()) {
      const tensor = await file.read(name);
      if (name.startsWith('model.')) model.set(name.slice(6), tensor);
      else state.set(name.slice('optimizer.'.length), tf.tensor(storedToFloat32(tensor), [...tensor.shape]));
    }
    const params = loadParams<Spec>(path, spec, model) as unknown as ParamsOf<S>;
    optimizer.restore(state, Number(optimizer_steps));
    tf.dispose([...state.values()]);
    return { params, step: Number(step) };
  } finally {
    await file.close();
  }
}
