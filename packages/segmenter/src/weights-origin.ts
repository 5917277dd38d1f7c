import { leavesOf, loadParams, type Spec, type StoredTensor, storedShape, WeightsError } from '@gss/tensor';
import { backboneVariants } from './backbone-variants.js';
import { backboneSpec } from './backbones.js';
import type { GssModelConfig } from './config.js';
import { type ModelParams, modelSpec } from './model.js';

type Shapes = ReadonlyMap<string, Pick<StoredTensor, 'shape'>>;

/** Whether every parameter of a spec is there in its shape, `prefix` before its name. */
export const fits = (spec: Spec, weights: Shapes, prefix = ''): boolean =>
  leavesOf(spec).every(
    ({ name, leaf }) => leaf.optional || weights.get(prefix + name)?.shape.join() === storedShape(leaf).join(),
  );

const shapesOf = (spec: Spec): Shapes =>
  new Map(leavesOf(spec).map(({ name, leaf }) => [name, { shape: storedShape(leaf) }]));

/** What weights are of, from their names and shapes: "backbone swin-tiny, 4096 codes". */
export function describeWeights(weights: Shapes): string {
  const found = Object.entries(backboneVariants).filter(([, variant]) =>
    fits(backboneSpec(variant), weights, 'backbone.'),
  );
  const size = (variant: (typeof found)[number][1]) => leavesOf(backboneSpec(variant)).length;
  const [name] = found.sort((a, b) => size(b[1]) - size(a[1]))[0] ?? [];
  const codes = weights.get('decode_head.conv_seg.weight')?.shape[0];
  return `backbone ${name ?? 'of no known variant'}${codes ? `, ${codes} codes` : ''}`;
}

/**
 * `loadParams` of a whole model; where the weights belong to another one, its error names both.
 * @param presetsOf names of the presets that weights fit, for callers that carry the presets
 */
export function loadModelParams(
  who: string,
  config: GssModelConfig,
  weights: ReadonlyMap<string, StoredTensor>,
  presetsOf: (weights: Shapes) => readonly string[] = () => [],
): ModelParams {
  const spec = modelSpec(config);
  try {
    return loadParams(who, spec, weights);
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    const [theirs, ours] = [describeWeights(weights), describeWeights(shapesOf(spec))];
    const presets = presetsOf(weights);
    if (theirs === ours && presets.length === 0) throw error;
    const named = presets.length ? ` (preset ${presets.join(' or ')})` : '';
    const label = `${who} holds weights of ${theirs}${named}, but config.json says ${config.name}: ${ours}. Take the config.json that lay beside them. ${who}`;
    throw new WeightsError(label, error.problems, leavesOf(spec).length);
  }
}
