import { priorVariants } from '@gss/prior';
import { paperRecipes } from './paper.js';
import type { PresetRecipe } from './preset.js';

/** The ablation's last row is `paper-ff-swin-l-ade20k`: d = 1/4, unlabelled auxiliary and multi-level aggregation. */
const rows = {
  'paper-table-3-baseline': ['d = 1/8', priorVariants['table-3-baseline'], 40.64],
  'paper-table-3-auxiliary': ['d = 1/8, unlabelled', priorVariants['table-3-auxiliary'], 43.72],
  'paper-table-3-quarter': ['d = 1/4, unlabelled', priorVariants['table-3-quarter'], 43.98],
} as const;

const recipe = (name: keyof typeof rows): PresetRecipe => {
  const base = paperRecipes.get('paper-ff-swin-l-ade20k')!();
  const [row, head, value] = rows[name];
  return {
    ...base,
    title: `GSS-FF, Swin-Large, ade20k, Table 3: ${row}`,
    paper: { table: 3, row, published: { metric: 'mIoU', value } },
    parts: { ...base.parts, head },
    remarks: [
      ...(base.remarks ?? []),
      'the paper does not say what stands in for the aggregation: here the coarsest map alone',
    ],
  };
};

/** Table 3: what the auxiliary head, finer tokens and the aggregation bring. */
export const table3Recipes: ReadonlyMap<string, () => PresetRecipe> = /* @__PURE__ */ new Map(
  (Object.keys(rows) as (keyof typeof rows)[]).map((name) => [name, () => recipe(name)]),
);
