import type { StoredTensor } from '@gss/tensor';

type Weights = ReadonlyMap<string, StoredTensor>;

/** A stored tensor with its last axis (4, C) reordered to (C, 4) and its four neighbours from (x, y) to (y, x) order. */
function reorderMerging({ dtype, shape, data }: StoredTensor): StoredTensor {
  const width = shape[shape.length - 1]!;
  const C = width / 4;
  const rows = data.length / width;
  const source = data as Float32Array; // only moved about, so the element type does not matter
  const out = source.slice();
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < C; c++) {
      for (const [k, from] of [0, 2, 1, 3].entries()) {
        out[row * width + c * 4 + k] = source[row * width + from * C + c]!;
      }
    }
  }
  return { dtype, shape, data: out };
}

const renames: readonly (readonly [RegExp, string])[] = [
  [/^layers\./, 'stages.'],
  [/\.attn\./, '.attn.w_msa.'],
  [/\.mlp\.fc1\./, '.ffn.layers.0.0.'],
  [/\.mlp\.fc2\./, '.ffn.layers.1.'],
  [/^patch_embed\.proj\./, 'patch_embed.projection.'],
];
const unused = /^head\.|^norm\.|\.attn_mask$/;

const constant = (length: number, value: number): StoredTensor => ({
  dtype: 'F32',
  shape: [length],
  data: new Float32Array(length).fill(value),
});

/** Norms behind the stages, which classifiers do not have: weight 1, bias 0. */
function addOutputNorms(weights: Map<string, StoredTensor>): Map<string, StoredTensor> {
  for (const [name, { shape }] of [...weights]) {
    const stage = /^stages\.(\d+)\.blocks\.0\.norm1\.weight$/.exec(name)?.[1];
    if (stage === undefined || weights.has(`norm${stage}.weight`)) continue;
    weights.set(`norm${stage}.weight`, constant(shape[0]!, 1));
    weights.set(`norm${stage}.bias`, constant(shape[0]!, 0));
  }
  return weights;
}

/**
 * Weights of microsoft/Swin-Transformer under mmsegmentation's names, ready for `loadParams`. Patch merging changes its
 * channel order; the classifier (`head`, `norm`) and the attention masks, which are computed here, are left out; the
 * output norms that segmentation adds start as the identity.
 */
export function fromMicrosoft(weights: Weights): Map<string, StoredTensor> {
  const out = new Map<string, StoredTensor>();
  for (const [name, stored] of weights) {
    if (unused.test(name)) continue;
    const renamed = renames.reduce((text, [pattern, to]) => text.replace(pattern, to), name);
    out.set(renamed, /\.downsample\./.test(name) ? reorderMerging(stored) : stored);
  }
  return addOutputNorms(out);
}

/**
 * Weights of timm's swin_* models under mmsegmentation's names. timm ≥ 0.8 counts a downsampling to the stage it leads
 * into (`layers.1.downsample` follows stage 0), earlier versions to the stage it leaves, as Microsoft does.
 */
export function fromTimm(weights: Weights): Map<string, StoredTensor> {
  const leavesStage = [...weights.keys()].some((name) => name.startsWith('layers.0.downsample.'));
  const entries = [...weights].map(([name, stored]) => {
    const moved = leavesStage
      ? name
      : name.replace(/^layers\.(\d+)\.downsample\./, (_, stage) => `layers.${Number(stage) - 1}.downsample.`);
    return [moved, stored] as const;
  });
  return fromMicrosoft(new Map(entries));
}
