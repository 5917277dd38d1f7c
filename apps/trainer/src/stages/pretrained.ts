import { existsSync } from 'node:fs';
import { type BackboneConfig, type BackboneParams, backboneSpec } from '@gss/segmenter';
import { fitWindow, type SwinConfig } from '@gss/swin';
import { leavesOf, loadParams, type StoredTensor } from '@gss/tensor';
import { knownWeights, weightsPath } from '@gss/weights';
import { UsageError } from '../cli/errors.js';
import { nearest } from '../config/nearest.js';
import { hrnet } from '../convert/families/hrnet.js';
import { resnet } from '../convert/families/resnet.js';
import { swin } from '../convert/families/swin.js';
import { openInput } from '../convert/files.js';
import type { Weights } from '../convert/weights.js';

/** What was done with a file of weights. */
export interface PretrainedReport {
  readonly path: string;
  /** Parameters (tensors) of the backbone that came from it, and all that it has; the rest, output norms of Swin, start as the identity. */
  readonly loaded: number;
  readonly expected: number;
  /** Tensors of the file that the backbone has no use for, e.g. a classifier's. */
  readonly unused: readonly string[];
  /** Names of the dialect that it was read in, e.g. `microsoft`. */
  readonly naming: string;
}

/** The file that `prior.pretrained` means: a path, or the name of fetched weights. */
async function fileOf(given: string): Promise<string> {
  if (existsSync(given)) return given;
  const names = knownWeights.map(({ name }) => name);
  if (names.includes(given)) return weightsPath(given);
  const guess = nearest(given, names);
  throw new UsageError(
    `prior.pretrained: ${given} is no file, nor a name of gss weights list (${names.join(', ')})${guess ? ` — did you mean ${guess}?` : '.'}`,
  );
}

const families = { swin, resnet, hrnet } as const;
const backbonePart = /^(?:module\.)?(?:encoder\.|backbone\.)/;

/** The backbone of a whole model, or the file as it is. */
function backboneIn(weights: Weights): Weights {
  const inside = [...weights].filter(([name]) => backbonePart.test(name));
  if (!inside.length) return weights;
  return new Map(inside.map(([name, tensor]) => [name.replace(backbonePart, ''), tensor]));
}

/** Classifiers and what leads to them, by the names they have once they are ours. */
const classifier = /^(?:head|fc|classifier|final_layer|incre_modules|downsamp_modules|_conv_head|_bn1|_fc|norm)\./;

/** The tensors under our names, whatever dialect they were in. */
function inOurNames(weights: Weights, type: BackboneConfig['type']): { weights: Weights; naming: string } | undefined {
  if (type === 'efficientnet') return weights.has('_conv_stem.weight') ? { weights, naming: 'gss' } : undefined;
  const found = families[type].namings.find((naming) => naming.recognise(weights));
  return found && { weights: found.toOurs(weights, { discriminator: false }), naming: found.name };
}

/** Swin's tables for the config's window, and the output norms that classifiers have not: they start as the identity. */
function fitSwin(weights: Weights, { channels, window }: SwinConfig): Map<string, StoredTensor> {
  const fitted = fitWindow(weights, window);
  for (const [i, size] of channels.entries()) {
    if (fitted.has(`norm${i}.weight`)) continue;
    fitted.set(`norm${i}.weight`, { dtype: 'F32', shape: [size], data: new Float32Array(size).fill(1) });
    fitted.set(`norm${i}.bias`, { dtype: 'F32', shape: [size], data: new Float32Array(size) });
  }
  return fitted;
}

/**
 * Weights of a backbone from a file of any dialect that `gss convert` reads (ours, mmsegmentation, Microsoft, timm,
 * torchvision; bare, or within a model), or by a name of `gss weights`.
 *
 * @throws UsageError for a file of another family
 * @throws WeightsError that lists every missing, unexpected and misshapen tensor, for another variant of the family
 */
export async function loadPretrained(
  given: string,
  backbone: BackboneConfig,
): Promise<{ params: BackboneParams; report: PretrainedReport }> {
  const path = await fileOf(given);
  const input = openInput(path, []);
  try {
    const inside = backboneIn(input.weights);
    const ours = inOurNames(inside, backbone.type);
    if (!ours) {
      const first = [...inside.keys()].slice(0, 3).join(', ');
      throw new UsageError(
        `prior.pretrained: ${path} holds no weights of a ${backbone.type} (${first}, …). Take weights that belong to prior.backbone.`,
      );
    }
    const spec = backboneSpec(backbone);
    const leaves = leavesOf(spec);
    const names = new Set(leaves.map(({ name }) => name));
    const all = backbone.type === 'swin' ? fitSwin(ours.weights, backbone.config) : ours.weights;
    // Anything else that has no place is of another depth: loadParams refuses it.
    const fitting = new Map([...all].filter(([name]) => names.has(name) || !classifier.test(name)));
    const params = loadParams(`prior.pretrained: ${path}`, spec, fitting) as BackboneParams;
    const counted = leaves.filter(({ leaf }) => !leaf.optional && leaf.leaf !== 'buffer');
    const report = {
      path,
      naming: ours.naming,
      loaded: counted.filter(({ name }) => ours.weights.has(name)).length,
      expected: counted.length,
      unused: [...all.keys()].filter((name) => !fitting.has(name)),
    };
    return { params, report };
  } finally {
    input.close();
  }
}
