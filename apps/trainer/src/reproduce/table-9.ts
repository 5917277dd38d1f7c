import type { Palette } from '@gss/maskige';
import { refine } from '@gss/maskige/design';
import { createRng } from '@gss/tensor';
import { proceduralMask } from '@gss/vqvae';
import type { Context } from '../cli/command.js';
import type { PaletteDesign } from '../config/posterior.js';
import type { OpenedData } from '../data/sources.js';
import type { Evaluation } from '../stages/evaluate.js';
import { evaluateTokenizer } from '../stages/oracle.js';
import { designs } from '../stages/posterior/maskige.js';
import { openAnyTokenizer } from '../stages/tokenizers/open.js';
import { type Cell, type Figures, type GridRow, runGrid } from './grid.js';
import { type TableData, type TableOptions, tokenizerOf } from './table-1.js';

/** A row of the paper's Table 9: reconstruction by palette. */
export interface Table9Row extends GridRow {
  readonly name: Extract<PaletteDesign, 'arithmetic' | 'misaligned' | 'additive' | 'refined'>;
  readonly paperAcc: number;
}

export const table9: readonly Table9Row[] = [
  { name: 'arithmetic', design: 'arithmetic sequence', paper: 85.99, paperAcc: 94.37 },
  { name: 'misaligned', design: '+ misaligned starts', paper: 86.12, paperAcc: 94.45 },
  { name: 'additive', design: '+ random additive factors', paper: 87.42, paperAcc: 95.08 },
  {
    name: 'refined',
    design: '+ category-specific refinement',
    paper: 87.73,
    paperAcc: 95.29,
    note: 'the classes of low IoU are those of the row above, measured on training masks (on other shapes for the second pair of columns).',
  },
];

export interface Table9Options extends TableOptions {
  /** Masks of random shapes of 150 classes, the paper's number, to evaluate on besides; 0 for none. */
  readonly shapes: number;
}

/** Classes of ADE20K, and sizes of the random shapes' masks. */
const many = { classes: 150, width: 192, height: 128 } as const;
/** Masks on which the classes of low IoU are found. */
const measuredOn = 30;

/** Random shapes as a data set: masks alone. */
function shapesOf(count: number, from: number): OpenedData {
  const { classes: K, width, height } = many;
  const classes = Array.from({ length: K }, (_, id) => ({ id, name: `shape ${id}`, color: [id, id, id] as const }));
  const name = (i: number) => `shapes/${from + i}`;
  const read = async (i: number) => {
    const data = proceduralMask(createRng(0).fork(name(i)), { width, height, classes: K });
    return {
      image: { data: new Uint8Array(3 * width * height), width, height },
      labels: { data, width, height },
      name: name(i),
    };
  };
  const dataset = { length: count, classes, name, read };
  return { source: { kind: 'mixed', parts: [] }, dataset, classes, size: { width, height } };
}

/** The first samples of a split. */
const first = (data: OpenedData, count: number): OpenedData => ({
  ...data,
  dataset: {
    length: Math.min(count, data.dataset.length),
    classes: data.dataset.classes,
    name: (i) => data.dataset.name(i),
    read: (i) => data.dataset.read(i),
  },
});

async function judge(where: string, palette: Palette, data: OpenedData, context: Context): Promise<Evaluation> {
  const opened = await openAnyTokenizer(where, data.classes, palette);
  const { inverse: _, ...rest } = opened;
  const config = { ...opened.config, classes: data.classes, palette, inverse: 'nearest' as const };
  return (await evaluateTokenizer({ ...rest, config }, data, context)).evaluation;
}

/** IoU of every class, absent ones at the mean, as `refine` wants them. */
function ious({ perClass, mIoU }: Evaluation): number[] {
  return perClass.map(({ iou }) => iou ?? mIoU);
}

/** The palette of a row for `K` classes; the refinement looks at training masks. */
async function paletteOf(
  { name }: Table9Row,
  seed: number,
  { tokenizer, train }: { readonly tokenizer: string; readonly train: OpenedData },
  context: Context,
): Promise<Palette> {
  const K = train.classes.length;
  if (name !== 'refined') return designs[name](K, seed);
  const before = designs.additive(K, seed);
  return refine(before, { iou: ious(await judge(tokenizer, before, first(train, measuredOn), context)) });
}

async function runRow(
  { row, seed }: Cell<Table9Row>,
  data: TableData,
  options: Table9Options,
  context: Context,
): Promise<Figures | undefined> {
  const tokenizer = await tokenizerOf(seed, data, options, context);
  if (tokenizer === undefined) return undefined;
  const palette = await paletteOf(row, seed, { tokenizer, train: data.train }, context);
  const { mIoU, mAcc, aAcc } = await judge(tokenizer, palette, data.evaluated, context);
  if (options.shapes === 0) return { mIoU, mAcc, aAcc };
  const evaluated = shapesOf(options.shapes, 0);
  const wide = await paletteOf(row, seed, { tokenizer, train: shapesOf(measuredOn, 100_000) }, context);
  const shapes = await judge(tokenizer, wide, evaluated, context);
  return { mIoU, mAcc, aAcc, 'shapes/mIoU': shapes.mIoU, 'shapes/aAcc': shapes.aAcc };
}

/** Table 9: what each step of the hand-made palette brings, nearest colour as 𝒳⁻¹. */
export const runTable9 = (data: TableData, options: Table9Options, context: Context) =>
  runGrid(
    table9,
    options,
    {
      settings: ({ row, seed }) => ({
        row: row.name,
        seed,
        set: options.set ?? [],
        shapes: options.shapes,
        tokenizer: options.tokenizer ?? null,
        train: data.train.source,
        evaluated: data.evaluated.source,
      }),
      run: (cell) => runRow(cell, data, options, context),
    },
    context,
  );
