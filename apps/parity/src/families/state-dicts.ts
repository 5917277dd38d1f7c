import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hrnetSpec, hrnetVariants } from '@gss/hrnet';
import { type FtwConfig, ftwPaper, ftwSpec } from '@gss/posterior';
import { type PriorVariant, priorSpec, priorVariants } from '@gss/prior';
import { resnetSpec, resnetVariants } from '@gss/resnet';
import { modelSpec as presetSpec } from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import { swinSpec, swinVariants } from '@gss/swin';
import { type Leaf, leafSize, leavesOf, type Spec, storedShape } from '@gss/tensor';
import { noDecayRules, ruleFor } from '@gss/train';
import { dvaeSpec, dvaeVariants } from '@gss/vqvae';
import { type Check, type FolderFamily, NotImplementedError } from '../family.js';
import { sameNames } from '../same.js';

type Kind = 'decay' | 'no-decay' | 'frozen' | 'buffer';
const kinds: readonly Kind[] = ['decay', 'no-decay', 'frozen', 'buffer'];

interface Manifest {
  readonly config: string;
  readonly parameters: Readonly<Record<'all' | 'trainable' | 'backbone' | 'd_vae', number>>;
  readonly entries: readonly (readonly [name: string, shape: readonly number[], dtype: string, kind: Kind])[];
}

interface Backbone {
  readonly spec: Spec;
  readonly channels: readonly number[];
  readonly head: PriorVariant;
}

/** The backbone and head that a configuration's file name stands for. */
function backboneOf(config: string): Backbone {
  const swin = /swin-([tsbl])_/.exec(config)?.[1]?.toUpperCase() as 'L' | undefined;
  if (swin)
    return { spec: swinSpec(swinVariants[swin]), channels: swinVariants[swin].channels, head: priorVariants.swin };
  const depth = /_r(50|101)_/.exec(config)?.[1] as '101' | undefined;
  if (depth) {
    const variant = resnetVariants[`${depth}-d8`];
    return { spec: resnetSpec(variant), channels: variant.channels, head: priorVariants.resnet };
  }
  const width = /hrnet-w(18|32|48)/.exec(config)?.[1] as '48' | undefined;
  if (!width) throw new NotImplementedError(`no backbone of ours is known for the configuration ${config}`);
  const variant = hrnetVariants[`W${width}`];
  return { spec: hrnetSpec(variant), channels: variant.channels, head: priorVariants.hrnet };
}

/** Sizes that a data set or a tokenizer decides are read off the reference's own shapes. */
function modelSpec({ config, entries }: Manifest) {
  const shapes = new Map(entries.map(([name, shape]) => [name, shape]));
  const outputs = (name: string) => shapes.get(`decode_head.${name}`)?.[0];
  const blocks = (prefix: string) =>
    new Set(
      [...shapes.keys()].flatMap(
        (name) => new RegExp(`^decode_head\\.${prefix}\\.blocks\\.(\\d+)\\.`).exec(name)?.[1] ?? [],
      ),
    ).size;
  const backbone = backboneOf(config);
  const learned = /gss-ft-w/.test(config);
  const classes = outputs(learned ? 'cls_segmap.conv.weight' : 'conv_seg_pixel.weight');
  const vocabulary = outputs('conv_seg.weight');
  if (classes === undefined || vocabulary === undefined)
    throw new Error(`state-dicts: ${config} has no classifier of tokens or classes`);
  const prior = priorSpec({
    ...backbone.head,
    features: backbone.channels,
    classes,
    vocabulary,
    depth: blocks('transformer_block'),
    ...(learned ? { auxiliary: 'none' } : {}),
  });
  const inverse: FtwConfig = ftwPaper(classes, blocks('post_transformer_block'));
  return {
    backbone: backbone.spec,
    decode_head: {
      ...prior,
      d_vae: dvaeSpec({ ...dvaeVariants.paper, vocabulary }),
      ...(learned ? ftwSpec(inverse) : {}),
    },
  };
}

/** The reference optimises what requires gradients: all but the tokenizer, and in FT-W the backbone. */
function kindOf(name: string, leaf: Leaf, learned: boolean): Kind {
  if (leaf.leaf === 'buffer') return 'buffer';
  if (name.startsWith('decode_head.d_vae.') || (learned && name.startsWith('backbone.'))) return 'frozen';
  return ruleFor(name, noDecayRules).decayMult === 0 ? 'no-decay' : 'decay';
}

type Leaves = ReadonlyMap<string, Leaf>;

/** A model under the names of the reference, where the tokenizer lies within the head. */
const referenceLeaves = (spec: Spec): Leaves =>
  new Map(
    leavesOf(spec).map(({ name, leaf }) => [
      name.startsWith('tokenizer.') ? `decode_head.d_vae.${name.slice('tokenizer.'.length)}` : name,
      leaf,
    ]),
  );

/** Names, shapes, types, kinds and counts of a real-size model; nothing is allocated. */
function stateDictChecks(manifest: Manifest, leaves: Leaves, of: string): Check[] {
  const learned = /gss-ft-w/.test(manifest.config);
  const both = manifest.entries.filter(([name]) => leaves.has(name));
  const shapes = both.filter(([name, shape]) => storedShape(leaves.get(name)!).join() !== shape.join());
  const ourKinds = both.map(([name]) => kindOf(name, leaves.get(name)!, learned));
  const otherKind = both.findIndex(([, , , kind], i) => kind !== ourKinds[i]);
  const sum = (wanted: (kind: Kind, name: string) => boolean) =>
    [...leaves].reduce((n, [name, leaf]) => (wanted(kindOf(name, leaf, learned), name) ? n + leafSize(leaf) : n), 0);
  const { all, trainable, backbone, d_vae } = manifest.parameters;
  const names = sameNames(
    `${of}names`,
    leaves.keys(),
    manifest.entries.map(([name]) => name),
  );
  return [
    names,
    {
      name: `${of}shapes (differing)`,
      actual: [shapes.length],
      expected: [0],
      exact: true,
      note: `first ${shapes[0]?.[0]}`,
    },
    {
      name: `${of}types`,
      actual: both.map(([name]) => (leaves.get(name)!.dtype === 'int32' ? 1 : 0)),
      expected: both.map(([, , dtype]) => (dtype === 'int64' ? 1 : 0)),
      exact: true,
    },
    {
      name: `${of}kinds (decay, no-decay, frozen, buffer)`,
      actual: ourKinds.map((kind) => kinds.indexOf(kind)),
      expected: both.map(([, , , kind]) => kinds.indexOf(kind)),
      exact: true,
      note: `first ${both[otherKind]?.[0]}: ${ourKinds[otherKind]}`,
    },
    {
      name: `${of}parameters (all, trainable, backbone, d_vae)`,
      actual: [
        sum((kind) => kind !== 'buffer'),
        sum((kind) => kind === 'decay' || kind === 'no-decay'),
        sum((kind, name) => kind !== 'buffer' && name.startsWith('backbone.')),
        sum((kind, name) => kind !== 'buffer' && name.startsWith('decode_head.d_vae.')),
      ],
      expected: [all, trainable, backbone, d_vae],
      exact: true,
    },
  ];
}

/** The parts as the configuration's name says them; and, of a row of the paper, the preset that stands for it. */
function bothChecks(manifest: Manifest, name: string): Check[] {
  const parts = stateDictChecks(manifest, referenceLeaves(modelSpec(manifest)), '');
  const row = `paper-${name}`;
  if (!presetNames().includes(row)) return parts;
  return [...parts, ...stateDictChecks(manifest, referenceLeaves(presetSpec(preset(row).model)), 'preset: ')];
}

export const family: FolderFamily = {
  folder: 'state-dicts',
  list: (path) =>
    readdirSync(path)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length)),
  run: (path, name) => bothChecks(JSON.parse(readFileSync(join(path, `${name}.json`), 'utf8')) as Manifest, name),
};
