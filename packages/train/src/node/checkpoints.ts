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

/** What has a state that goes on from step to step: optimisers, and averages of parameters. */
export type Stateful = Pick<Optimizer, 'steps' | 'state' | 'restore'>;

/** The optimisers of a run: that of the loss, and those of further phases by name; and the average of its parameters. */
export interface RunOptimizers {
  readonly optimizer: Stateful;
  readonly further?: ReadonlyMap<string, Stateful>;
  readonly ema?: Stateful | undefined;
}

/** Prefix of each one's tensors and of its count of updates in a checkpoint file. */
const placesOf = ({ optimizer, further = new Map(), ema }: RunOptimizers) => [
  { of: optimizer, prefix: 'optimizer.', steps: 'optimizer_steps' },
  ...[...further].map(([name, of]) => ({ of, prefix: `optimizer/${name}.`, steps: `optimizer_steps/${name}` })),
  ...(ema ? [{ of: ema, prefix: 'ema.', steps: 'ema_steps' }] : []),
];

const pattern = /^step-(\d{8})\.safetensors$/;
/** What `writeSafetensors` leaves beside it when the process is killed in the middle. */
const halfWritten = /^\.step-\d{8}\.safetensors\..*\.tmp$/;
/** The file of a step's checkpoint. */
export const stepFile = (dir: string, step: number): string =>
  join(dir, `step-${String(step).padStart(8, '0')}.safetensors`);

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
 * Writes parameters, buffers and optimiser state into one file, atomically, then removes all but the newest `keep` and what killed
 * writes left half done.
 * One file, so that no crash can pair the weights of one step with the optimiser of another.
 */
export async function saveCheckpoint(
  dir: string,
  {
    step,
    config,
    spec,
    params,
    keep = 2,
    ...optimizers
  }: RunOptimizers & {
    readonly step: number;
    readonly config: string;
    readonly spec: Spec;
    readonly params: Tree<tf.Tensor>;
    readonly keep?: number;
  },
): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const entries = new Map<string, StoredTensor>();
  for (const [name, stored] of await stateDict(spec, params)) entries.set(`model.${name}`, stored);
  const steps: Record<string, string> = {};
  for (const { of, prefix, steps: key } of placesOf(optimizers)) {
    const state = of.state();
    for (const [name, tensor] of state) {
      const data = (await tensor.data()) as Float32Array;
      entries.set(`${prefix}${name}`, { dtype: 'F32', shape: tensor.shape, data });
    }
    tf.dispose([...state.values()]);
    steps[key] = String(of.steps);
  }
  const path = stepFile(dir, step);
  await writeSafetensors(path, entries, { step: String(step), ...steps, config });
  const all = listCheckpoints(dir);
  // Files of later steps are of an earlier run in this folder, which this one replaces.
  const stale = all.filter((file) => file.step > step);
  const old = all.filter((file) => file.step <= step).slice(0, -keep);
  const halves = readdirSync(dir).filter((file) => halfWritten.test(file));
  for (const file of [...[...old, ...stale].map(({ path }) => path), ...halves.map((file) => join(dir, file))])
    unlinkSync(file);
  return path;
}

/** Reads a checkpoint back: parameters as plain tensors, and the optimisers restored. Throws where `config` differs. */
export async function loadCheckpoint<const S extends Spec>(
  path: string,
  { spec, config, ...optimizers }: RunOptimizers & { readonly spec: S; readonly config: string },
): Promise<{ params: ParamsOf<S>; step: number }> {
  const file = await openSafetensors(path);
  try {
    const metadata = (file.metadata ?? {}) as Readonly<Record<string, string>>;
    const places = placesOf(optimizers);
    const { step, config: stored } = metadata;
    const lacking = ['step', 'config', ...places.map(({ steps }) => steps)].filter(
      (key) => metadata[key] === undefined,
    );
    if (step === undefined || stored === undefined || lacking.length) {
      throw new CheckpointError(
        `not a training checkpoint of this kind of run: its metadata lacks ${lacking.join(', ')}. Name a file of RUN/checkpoints.`,
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
    const states = new Map(places.map(({ prefix }) => [prefix, new Map<string, tf.Tensor>()]));
    for (const name of file.tensors.keys()) {
      const tensor = await file.read(name);
      if (name.startsWith('model.')) model.set(name.slice(6), tensor);
      const prefix = name.slice(0, name.indexOf('.') + 1);
      states.get(prefix)?.set(name.slice(prefix.length), tf.tensor(storedToFloat32(tensor), [...tensor.shape]));
    }
    const params = loadParams<Spec>(path, spec, model) as unknown as ParamsOf<S>;
    for (const { of, prefix, steps } of places) {
      const state = states.get(prefix)!;
      of.restore(state, Number(metadata[steps]));
      tf.dispose([...state.values()]);
    }
    return { params, step: Number(step) };
  } finally {
    await file.close();
  }
}
