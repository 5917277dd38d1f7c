import { type GssModelConfig, modelSpec } from '@gss/segmenter';
import { leafSize, leavesOf } from '@gss/tensor';

/** Parts of a model, in the order in which an image meets them. */
export const partNames = [
  'backbone',
  'aggregation',
  'head',
  'auxiliary head',
  'tokenizer encoder',
  'tokenizer decoder',
  'inverse',
] as const;
export type PartName = (typeof partNames)[number];

/** Names of parameters of the half that decodes, whatever the family; codes belong to it. */
const decoding = /codebook|quantize|decoder|post_quant|head_semantics|ctx_dec|bottleneck_upsample/;

/** The part that a parameter belongs to. A twin's pixel classifier is its head. */
function partOf(name: string, { kind }: GssModelConfig): PartName {
  const [root, first] = name.split('.') as [string, string];
  if (root === 'backbone') return 'backbone';
  if (root === 'tokenizer') return decoding.test(name) ? 'tokenizer decoder' : 'tokenizer encoder';
  if (/^(projection|post_transformer_block|post_swin_ln|cls_segmap)$/.test(first)) return 'inverse';
  if (/_pixel$/.test(first)) return kind === 'discriminative' ? 'head' : 'auxiliary head';
  return /^conv_(before_)?seg$/.test(first) ? 'head' : 'aggregation';
}

/** Trained parameters of each part; nothing is made. */
export function countParts(config: GssModelConfig): Record<PartName, number> {
  const counts = Object.fromEntries(partNames.map((name) => [name, 0])) as Record<PartName, number>;
  for (const { name, leaf } of leavesOf(modelSpec(config)))
    if (leaf.leaf !== 'buffer') counts[partOf(name, config)] += leafSize(leaf);
  return counts;
}
