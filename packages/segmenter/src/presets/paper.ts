import { dvaeVariants } from '@gss/vqvae';
import { imageNetMean, imageNetStd } from '../config.js';
import { inferences, type PresetDataset, schedules } from './data-sets.js';
import { type PaperBackbone, paperBackbones } from './paper-backbones.js';
import type { InverseSchedule, PaperRow, PresetRecipe } from './preset.js';

/** A row of Tables 4, 5 or 6 in the terms in which the rows differ. */
interface Row {
  readonly backbone: PaperBackbone;
  readonly dataset: PresetDataset;
  /** Percent: Cityscapes and ADE20K mIoU, MSeg harmonic mean. */
  readonly published: number;
  /** Only for GSS-FT-W: blocks of the inverse, and its own schedule. */
  readonly ftw?: { readonly depth: number } & Omit<InverseSchedule, 'from' | 'warmup' | 'weightDecay'>;
  /** Where the pixel head reads, if not where this backbone's heads do. */
  readonly auxiliary?: 'shared';
  readonly remarks?: readonly string[];
}

const tables = { cityscapes: 4, ade20k: 5, mseg: 6 } as const;
const common = { warmup: 1500, weightDecay: 0.01 } as const;

/** The published tokenizer, trained on photos; d = 1/4 by doubling the mask. */
export const dallE = () => ({
  tokenizer: { type: 'dvae', config: dvaeVariants.paper } as const,
  codes: dvaeVariants.paper.vocabulary,
});

/** The rows; `ft-w` presets take backbone and prior from the `ff` preset of the same backbone and data set. */
const rows = {
  'paper-ff-r101-cityscapes': { backbone: 'r101', dataset: 'cityscapes', published: 77.76 },
  'paper-ft-w-r101-cityscapes': {
    backbone: 'r101',
    dataset: 'cityscapes',
    published: 78.46,
    ftw: { depth: 1, steps: 80_000, batchSize: 16, lr: 1.5e-3 },
    remarks: ['the inverse trains for 80k iterations at 1.5e-3; the paper says 40k at 7.5e-4'],
  },
  'paper-ff-swin-l-cityscapes': { backbone: 'swin-l', dataset: 'cityscapes', published: 78.9 },
  'paper-ft-w-swin-l-cityscapes': {
    backbone: 'swin-l',
    dataset: 'cityscapes',
    published: 80.05,
    ftw: { depth: 1, steps: 40_000, batchSize: 8, lr: 7.5e-4 },
  },
  'paper-ff-swin-l-ade20k': { backbone: 'swin-l', dataset: 'ade20k', published: 46.29 },
  'paper-ft-w-swin-l-ade20k': {
    backbone: 'swin-l',
    dataset: 'ade20k',
    published: 48.54,
    ftw: { depth: 2, steps: 40_000, batchSize: 16, lr: 1.5e-3 },
    remarks: ['the inverse has two Swin blocks'],
  },
  'paper-ff-hrnet-w48-mseg': { backbone: 'hrnet-w48', dataset: 'mseg', published: 52.6 },
  'paper-ft-w-hrnet-w48-mseg': {
    backbone: 'hrnet-w48',
    dataset: 'mseg',
    published: 55.2,
    ftw: { depth: 2, steps: 160_000, batchSize: 16, lr: 1.2e-4 },
    remarks: ['the inverse trains for 160k iterations at 1.2e-4 and has two Swin blocks; the paper says 40k'],
  },
  'paper-ff-swin-l-mseg': { backbone: 'swin-l', dataset: 'mseg', published: 59.5, auxiliary: 'shared' },
  'paper-ft-w-swin-l-mseg': {
    backbone: 'swin-l',
    dataset: 'mseg',
    published: 61.9,
    ftw: { depth: 2, steps: 40_000, batchSize: 16, lr: 1.5e-3 },
    remarks: ['the inverse has two Swin blocks'],
  },
} as const satisfies Record<string, Row>;
export type PaperPresetName = keyof typeof rows;

const paletteRemark = {
  cityscapes: [],
  ade20k: ['colours are jittered by ±15 from starts 15, 16, 17; the paper says 0..15 from 0, 1, 2'],
  mseg: [
    'colours are jittered by −15..0 from starts 15, 16, 17; the paper says 0..15 from 0, 1, 2',
    'images are segmented by windows of 768 every 512 pixels, as the configurations say',
  ],
} as const;

function recipe(name: PaperPresetName): PresetRecipe {
  const row: Row = rows[name];
  const { title, backbone, head, pretrained } = paperBackbones[row.backbone];
  const { ftw, dataset } = row;
  const auxiliary = ftw ? 'none' : (row.auxiliary ?? head.auxiliary);
  const variant = ftw ? 'GSS-FT-W' : 'GSS-FF';
  const paper: PaperRow = {
    table: tables[dataset],
    row: `${variant} ${title}`,
    published: { metric: dataset === 'mseg' ? 'harmonic mean of mIoU' : 'mIoU', value: row.published },
  };
  return {
    title: `${variant}, ${title}, ${dataset}`,
    paper,
    dataset,
    parts: {
      backbone,
      mean: imageNetMean,
      std: imageNetStd,
      inference: inferences[dataset],
      head: { ...head, auxiliary },
      tokenizer: dallE,
      ...(ftw ? { ftwDepth: ftw.depth } : {}),
    },
    prior: { ...schedules[dataset], ...common, lossWeights: [0.8, 0.2], pretrained },
    ...(ftw
      ? {
          inverse: {
            from: name.replace('ft-w', 'ff'),
            ...common,
            ...{ steps: ftw.steps, batchSize: ftw.batchSize, lr: ftw.lr },
          },
        }
      : {}),
    remarks: [...(row.remarks ?? []), ...paletteRemark[dataset]],
  };
}

const names = Object.keys(rows) as PaperPresetName[];

/** Tables 4, 5 and 6: GSS-FF and GSS-FT-W. */
export const paperRecipes: ReadonlyMap<string, () => PresetRecipe> = /* @__PURE__ */ new Map(
  names.map((name) => [name, () => recipe(name)]),
);
