/** Names of the rows of `gss reproduce table-2`, in the order in which they run. */
export type Table2RowName = 'vqgan' | 'vqgan-classes' | 'uvim' | 'uvim-maskige' | 'dvae' | 'dvae-published' | 'compact';

/** A row of the paper's Table 2 (reconstruction mIoU by tokenizer), or one beside it. */
export interface Table2Row {
  readonly name: Table2RowName;
  readonly design: string;
  readonly maskige: boolean;
  /** Masks are enlarged by it, so that every row has d = 1/4, as in the paper. */
  readonly scale: 1 | 2;
  /** What the paper reports, mIoU in percent; rows of ours have none. */
  readonly paper?: { readonly cityscapes: number; readonly ade20k: number };
  /** Experiment below configs/; a row without one is not trained. */
  readonly config?: string;
  readonly note?: string;
}

export const table2: readonly Table2Row[] = [
  {
    name: 'vqgan',
    design: 'VQGAN',
    maskige: true,
    scale: 1,
    paper: { cityscapes: 82.16, ade20k: 81.89 },
    config: 'table-2/vqgan.json',
  },
  {
    name: 'vqgan-classes',
    design: 'VQGAN',
    maskige: false,
    scale: 1,
    paper: { cityscapes: 75.09, ade20k: 42.7 },
    config: 'table-2/vqgan-classes.json',
  },
  {
    name: 'uvim',
    design: 'UViM, stage I',
    maskige: false,
    scale: 2,
    paper: { cityscapes: 89.14, ade20k: 78.98 },
    config: 'table-2/uvim.json',
    note: 'reads the photo too',
  },
  {
    name: 'uvim-maskige',
    design: 'UViM, stage I',
    maskige: true,
    scale: 2,
    config: 'table-2/uvim-maskige.json',
    note: 'reads the photo too; no row of the paper',
  },
  {
    name: 'dvae',
    design: 'DALL·E dVAE',
    maskige: true,
    scale: 2,
    config: 'table-2/dvae.json',
    note: 'trained here, on maskiges',
  },
  {
    name: 'dvae-published',
    design: 'DALL·E dVAE',
    maskige: true,
    scale: 2,
    paper: { cityscapes: 95.17, ade20k: 87.73 },
    note: 'published weights, trained on photos',
  },
  {
    name: 'compact',
    design: 'compact (ours)',
    maskige: true,
    scale: 1,
    config: 'table-2/compact.json',
    note: 'no row of the paper',
  },
];

/** What became of a row. */
export interface Table2Result {
  readonly row: Table2Row;
  /** Figures on this data, or why there are none. */
  readonly outcome:
    | {
        readonly mIoU: number;
        readonly mAcc: number;
        readonly aAcc: number;
        readonly parameters: number;
        readonly downsample: number;
        readonly codes: number;
        /** Steps and seconds of training here, over all sittings; weights that came trained have none. */
        readonly training?: { readonly steps: number; readonly seconds: number };
      }
    | { readonly skipped: string };
}

/** The facts above the table. */
export interface Table2Facts {
  readonly data: string;
  readonly images: number;
  readonly classes: number;
  readonly seed: number;
}

const percent = (value: number) => value.toFixed(2);

function cells({ row, outcome }: Table2Result): string[] {
  const { paper } = row;
  const theirs = paper ? [percent(paper.cityscapes), percent(paper.ade20k)] : ['–', '–'];
  const head = [row.design + (row.note ? ` (${row.note})` : ''), row.maskige ? '✓' : '', ...theirs];
  if ('skipped' in outcome) return [...head, '–', '–', '', '', '', '', ''];
  const { mIoU, aAcc, parameters, downsample, codes, training } = outcome;
  return [
    ...head,
    percent(mIoU),
    percent(aAcc),
    `${(parameters / 1e6).toFixed(2)} M`,
    `1/${downsample}`,
    String(codes),
    training ? String(training.steps) : '–',
    training ? `${Math.round(training.seconds)} s` : '–',
  ];
}

/** The paper's figures and ours side by side, as Markdown; skipped rows are named below with their reasons. */
export function table2Markdown(results: readonly Table2Result[], { data, images, classes, seed }: Table2Facts): string {
  const header = [
    'design',
    'maskige',
    'paper: Cityscapes',
    'paper: ADE20K',
    'here: mIoU',
    'here: aAcc',
    'parameters',
    'd',
    'codes',
    'steps',
    'training',
  ];
  const lines = [header, header.map((_, i) => (i < 2 ? '---' : '---:')), ...results.map(cells)];
  const skipped = results.flatMap(({ row, outcome }) =>
    'skipped' in outcome ? [`- ${row.name} was skipped: ${outcome.skipped}`] : [],
  );
  return [
    '# Table 2: reconstruction by tokenizer, at nano scale',
    '',
    `**The columns do not compare.** The paper trained full-size models for up to 2,000 GPU hours on Cityscapes and ADE20K; here are nano`,
    `models trained for minutes on ${data} (${images} images, ${classes} classes, seed ${seed}), long before they converge.`,
    '',
    ...lines.map((line) => `| ${line.join(' | ')} |`),
    ...(skipped.length ? ['', ...skipped] : []),
    '',
  ].join('\n');
}
