import { priorVariants } from '@gss/prior';
import { uvimVariants } from '@gss/vqvae';
import { paperRecipes } from './paper.js';
import type { PresetRecipe } from './preset.js';

const rows = {
  'paper-uvim-swin-l-cityscapes': { like: 'paper-ff-swin-l-cityscapes', table: 4, value: 70.77 },
  'paper-uvim-swin-l-ade20k': { like: 'paper-ff-swin-l-ade20k', table: 5, value: 43.71 },
} as const;

const tokenizer = (classes: number) => ({
  tokenizer: { type: 'uvim', config: { ...uvimVariants.base, classes }, input: 'one-hot' } as const,
  codes: uvimVariants.base.codes,
});

const recipe = (name: keyof typeof rows): PresetRecipe => {
  const { like, table, value } = rows[name];
  const base = paperRecipes.get(like)!();
  return {
    ...base,
    title: `UViM, Swin-Large, ${base.dataset}`,
    paper: { table, row: 'UViM Swin-Large', published: { metric: 'mIoU', value } },
    parts: {
      ...base.parts,
      inference: { scale: base.parts.inference.scale!, mode: 'slide', crop: [512, 512], stride: [384, 384] },
      // A code of 16 × 16 words for 512 × 512 pixels: a word for each cell of the coarsest map.
      head: priorVariants.uvim,
      tokenizer,
    },
    prior: { ...base.prior, steps: 160_000, crop: [512, 512], lossWeights: [1, 0] },
    remarks: [
      'appendix H says: Swin-Large predicts the guiding code in one shot, 80k and 160k iterations; the head, sizes and windows are ours',
    ],
  };
};

/** The rows of Tables 4 and 5 that the authors reproduced UViM for: K channels, no maskige. */
export const uvimRecipes: ReadonlyMap<string, () => PresetRecipe> = /* @__PURE__ */ new Map(
  (Object.keys(rows) as (keyof typeof rows)[]).map((name) => [name, () => recipe(name)]),
);
