import type { ClassScores, Scores } from './scores.js';

export type ScoreColumn = Exclude<keyof ClassScores, 'intersection' | 'union'>;

export interface FormatOptions {
  /** Names of the classes by id; their ids by default. */
  readonly names?: readonly string[];
  /** Figures of each class. Default ['iou', 'acc']. */
  readonly columns?: readonly ScoreColumn[];
  /** Decimals of percent. Default 2. */
  readonly digits?: number;
}

const titles: Record<ScoreColumn, string> = {
  iou: 'IoU',
  acc: 'Acc',
  precision: 'Precision',
  recall: 'Recall',
  dice: 'Dice',
  fScore: 'Fscore',
  predicted: 'Predicted',
  labelled: 'Labelled',
};

const means: Partial<Record<ScoreColumn, keyof Scores & `m${string}`>> = {
  iou: 'mIoU',
  acc: 'mAcc',
  precision: 'mPrecision',
  recall: 'mRecall',
  dice: 'mDice',
  fScore: 'mFscore',
};

/**
 * Scores as text with aligned columns: a row per class, the means, then aAcc and fwIoU. Undefined figures are "–".
 * @throws RangeError if there are not K names
 */
export const formatTable = (scores: Scores, options: FormatOptions = {}): string =>
  `${alignRows(scoreRows(scores, options))}\n\n${overall(scores, options)}\n`;

/** The same as a Markdown table. @throws RangeError if there are not K names */
export const formatMarkdown = (scores: Scores, options: FormatOptions = {}): string =>
  `${markdownRows(scoreRows(scores, options))}\n\n${overall(scores, options)}\n`;

/** Scores as JSON, unrounded; figures that are not defined are null. @throws RangeError if there are not K names */
export function formatJson(scores: Scores, { names }: Pick<FormatOptions, 'names'> = {}): string {
  checkNames(scores, names);
  const { perClass, ...summary } = scores;
  const classes = perClass.map((figures, id) => ({ id, ...(names ? { name: names[id] } : {}), ...figures }));
  const value = { ...summary, perClass: classes };
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? null : v), 2);
}

/** Rows of cells as text: the first column to the left, figures to the right, two spaces between. */
export function alignRows(rows: readonly (readonly string[])[]): string {
  const widths = columnWidths(rows);
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? pad(cell, widths[i]!, 'end') : pad(cell, widths[i]!, 'start')))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Rows of cells as a Markdown table; the first row is the header. */
export function markdownRows(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = columnWidths(cells).map((width) => Math.max(width, 3));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => pad(cell, widths[i]!, i === 0 ? 'end' : 'start')).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [header = [], ...body] = cells;
  return [line(header), rule, ...body.map(line)].join('\n');
}

function scoreRows(scores: Scores, { names, columns = ['iou', 'acc'], digits = 2 }: FormatOptions): string[][] {
  checkNames(scores, names);
  const figure = (column: ScoreColumn, value: number) =>
    means[column] === undefined ? `${value}` : percent(value, digits);
  const mean = (column: ScoreColumn) => {
    const key = means[column];
    return key === undefined ? '' : percent(scores[key] as number, digits);
  };
  return [
    ['class', ...columns.map((column) => titles[column])],
    ...scores.perClass.map((c, id) => [names?.[id] ?? `${id}`, ...columns.map((column) => figure(column, c[column]))]),
    ['mean', ...columns.map(mean)],
  ];
}

const overall = ({ aAcc, fwIoU }: Scores, { digits = 2 }: FormatOptions): string =>
  `aAcc ${percent(aAcc, digits)}, fwIoU ${percent(fwIoU, digits)}`;

const percent = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));

function checkNames({ perClass }: Scores, names: readonly string[] | undefined): void {
  if (names && names.length !== perClass.length) {
    throw new RangeError(`format: expected ${perClass.length} names, got ${names.length}. Name every class, by id.`);
  }
}

const columnWidths = (rows: readonly (readonly string[])[]): number[] =>
  rows.reduce<number[]>((widths, row) => row.map((cell, i) => Math.max(widths[i] ?? 0, [...cell].length)), []);

/** Counts code points, as `padEnd` would not. */
function pad(cell: string, width: number, at: 'start' | 'end'): string {
  const spaces = ' '.repeat(width - [...cell].length);
  return at === 'end' ? cell + spaces : spaces + cell;
}
