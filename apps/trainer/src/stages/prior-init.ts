import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors } from '@gss/checkpoint/node';
import { type GssModelConfig, modelFiles, modelSpec, type NetworkParams, networkSpec } from '@gss/segmenter';
import { loadModelFolder } from '@gss/segmenter/node';
import { createRng, disposeTree, initParams, loadParams, type StoredTensor, stateDict, type Tree } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../cli/errors.js';
import type { GssConfig } from '../config/schema.js';
import { loadPretrained } from './pretrained.js';
import type { StageContext } from './stage.js';

const some = (names: readonly string[]) =>
  `${names.slice(0, 6).join(', ')}${names.length > 6 ? `, … (${names.length})` : ''}`;

/** The stored tensors of another run's network: a run's folder, a model folder, or a file of `prior/best`. */
async function weightsOf(where: string): Promise<{ path: string; weights: ReadonlyMap<string, StoredTensor> }> {
  if (existsSync(where) && statSync(where).isFile()) {
    const tensors = await readSafetensors(where);
    const inside = [...tensors].flatMap(([name, tensor]) =>
      name.startsWith('model.') ? [[name.slice('model.'.length), tensor] as const] : [],
    );
    return { path: where, weights: new Map(inside) };
  }
  const path = [where, join(where, 'model')].find((folder) => existsSync(join(folder, modelFiles.config)));
  if (!path || !existsSync(where))
    throw new UsageError(
      `prior.init: ${where} is no run, model folder or file of weights. Name one that gss train wrote.`,
    );
  const inRun = existsSync(join(where, 'model', modelFiles.config)) ? join(where, 'model') : path;
  const { config, params } = await loadModelFolder(inRun);
  const weights = await stateDict(modelSpec(config), params as Tree<tf.Tensor>);
  disposeTree(params as Tree<tf.Tensor>);
  return { path: inRun, weights };
}

/**
 * A network that starts where another run ended: what has the same name and shape is taken, the rest starts fresh and is
 * reported, such as the classifiers of another number of classes or codes.
 */
async function warmStart(
  where: string,
  model: GssModelConfig,
  fresh: NetworkParams,
  out: StageContext['out'],
): Promise<NetworkParams> {
  const { path, weights } = await weightsOf(where);
  const spec = networkSpec(model);
  const own = await stateDict(spec, fresh as Tree<tf.Tensor>);
  disposeTree(fresh as Tree<tf.Tensor>);
  const fits = (name: string, { shape }: StoredTensor) => weights.get(name)?.shape.join() === shape.join();
  const taken = new Map([...own].map(([name, stored]) => [name, fits(name, stored) ? weights.get(name)! : stored]));
  const other = [...own].filter(([name, stored]) => !fits(name, stored));
  if (other.length === own.size)
    throw new UsageError(
      `prior.init: nothing in ${path} fits this network. Name a run with the same backbone or head.`,
    );
  out.note(`init: ${own.size - other.length} of ${own.size} tensors of the network from ${path}`);
  const shapes = other.flatMap(([name, { shape }]) => {
    const there = weights.get(name);
    return there ? [`${name} [${there.shape}] there, [${shape}] here`] : [];
  });
  const missing = other.flatMap(([name]) => (weights.has(name) ? [] : [name]));
  if (shapes.length) out.note(`      other shapes, started fresh: ${some(shapes)}`);
  if (missing.length) out.note(`      not there, started fresh: ${some(missing)}`);
  return loadParams(`prior.init: ${path}`, spec, taken);
}

/** The parameters that stage II starts from: fresh, the backbone's from a file, or those of another run. */
export async function initialNetwork(
  model: GssModelConfig,
  { pretrained, init }: Pick<GssConfig['prior'], 'pretrained' | 'init'>,
  { seed, out }: { readonly seed: number; readonly out: StageContext['out'] },
): Promise<NetworkParams> {
  const spec = networkSpec(model);
  const rng = createRng(seed).fork('prior/init');
  if (pretrained !== undefined && init !== undefined)
    throw new UsageError('prior.init brings a backbone with it: leave prior.pretrained out.');
  if (init !== undefined) return warmStart(init, model, initParams(spec, rng), out);
  if (pretrained === undefined) return initParams(spec, rng);
  const { params, report } = await loadPretrained(pretrained, model.backbone);
  const { loaded, expected, unused, naming, path } = report;
  out.note(`pretrained: ${loaded} of ${expected} tensors of the backbone from ${path} (names of ${naming})`);
  if (unused.length) out.note(`            unused: ${some(unused)}`);
  return { backbone: params, ...initParams({ decode_head: spec.decode_head }, rng) };
}
