import { fromMicrosoft, fromTimm, type SwinConfig, swinSpec } from '@gss/swin';
import type { StoredTensor } from '@gss/tensor';
import { UsageError } from '../../cli/errors.js';
import { anyName, type Family, type Naming, ours, renamed, replacing } from '../family.js';
import { shapesOf, times } from '../shapes.js';
import type { Weights } from '../weights.js';

/** A tensor that only our convolutional stem has. */
const convStem = 'patch_embed.convs.0.conv.weight';

const rename = replacing(
  [/^stages\./, 'layers.'],
  [/\.attn\.w_msa\./, '.attn.'],
  [/\.ffn\.layers\.0\.0\./, '.mlp.fc1.'],
  [/\.ffn\.layers\.1\./, '.mlp.fc2.'],
  [/^patch_embed\.projection\./, 'patch_embed.proj.'],
);

/** (C, 4) back to (4, C), neighbours from (y, x) to (x, y) order: what `fromMicrosoft` did to patch merging, undone. */
function unmerge(tensor: StoredTensor): StoredTensor {
  const { dtype, shape } = tensor;
  const C = shape[shape.length - 1]! / 4;
  const get = () => {
    const source = tensor.data as Float32Array; // only moved about, so the element type does not matter
    const out = source.slice();
    const rows = source.length / (4 * C);
    for (let row = 0; row < rows; row++)
      for (const [k, to] of [0, 2, 1, 3].entries())
        for (let c = 0; c < C; c++) out[row * 4 * C + to * C + c] = source[row * 4 * C + c * 4 + k]!;
    return out;
  };
  return Object.defineProperty({ dtype, shape } as StoredTensor, 'data', { enumerable: true, get });
}

/** The norms behind the stages belong to segmentation; classifiers have none. */
function toMicrosoft(weights: Weights): Weights {
  if (weights.has(convStem))
    throw new UsageError(
      'this Swin has a stem of 3×3 convolutions, which is ours alone: no other code has names for it. Keep --to gss.',
    );
  const merged = [...weights].map(
    ([name, tensor]) => [name, /\.downsample\./.test(name) ? unmerge(tensor) : tensor] as const,
  );
  return renamed(new Map(merged), (name) => (/^norm\d+\./.test(name) ? undefined : rename(name)));
}

/** timm ≥ 0.8 counts a downsampling to the stage it leads into. */
const toTimm = (weights: Weights): Weights =>
  renamed(toMicrosoft(weights), (name) =>
    name.replace(/^layers\.(\d+)\.downsample\./, (_, stage) => `layers.${Number(stage) + 1}.downsample.`),
  );

const unused: Naming['unused'] = [
  [/^head\./, 'classifier'],
  [/^norm\.(weight|bias)$/, 'norm before the classifier'],
  [/\.attn_mask$/, 'computed'],
  [/^norm\d+\./, 'output norm of segmentation, which classifiers have not'],
];

const isForeign = (weights: Weights) => weights.has('layers.0.blocks.0.attn.qkv.weight');
const isTimm = (weights: Weights) =>
  isForeign(weights) && !anyName(weights, /^layers\.0\.downsample\./) && anyName(weights, /^layers\.1\.downsample\./);

function configOf(weights: Weights): SwinConfig {
  const { of, side, has, count } = shapesOf(weights);
  const stages = count('stages.');
  const first = (i: number, name: string) => `stages.${i}.blocks.0.${name}`;
  const channels = times(stages, (i) => side(first(i, 'norm1.weight'), 0));
  const [rows] = of(first(0, 'attn.w_msa.relative_position_bias_table')) as [number];
  const positions = has('absolute_pos_embed') ? Math.sqrt(side('absolute_pos_embed', 1)) : 0;
  const conv = has(convStem);
  return {
    channels,
    depths: times(stages, (i) => count(`stages.${i}.blocks.`)),
    heads: times(stages, (i) => side(first(i, 'attn.w_msa.relative_position_bias_table'), 1)),
    window: (Math.sqrt(rows) + 1) / 2,
    mlpRatio: side(first(0, 'ffn.layers.0.0.weight'), 0) / channels[0]!,
    dropPath: 0,
    ...(conv ? { stem: 'conv' as const } : {}),
    ...(conv || has('patch_embed.norm.weight') ? {} : { patchNorm: false }),
    ...(positions ? { absolutePosition: [positions, positions] as const } : {}),
  };
}

/** Swin Transformer: ours are mmsegmentation's names. */
export const swin: Family = {
  name: 'swin',
  title: 'Swin Transformer',
  namings: [
    ours((weights) => weights.has('stages.0.blocks.0.attn.w_msa.qkv.weight'), { unused }),
    { name: 'timm', recognise: isTimm, toOurs: fromTimm, fromOurs: toTimm, unused },
    { name: 'microsoft', recognise: isForeign, toOurs: fromMicrosoft, fromOurs: toMicrosoft, key: 'model', unused },
  ],
  describe: (weights) => {
    const config = configOf(weights);
    return { config, spec: swinSpec(config) };
  },
};
