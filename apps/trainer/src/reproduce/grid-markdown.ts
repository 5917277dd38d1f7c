import { type GridRow, type RowResult, summary } from './grid.js';

/** A column: a figure of the runs, in percent unless `show` says otherwise. */
export interface Column {
  readonly title: string;
  readonly key: string;
  readonly show?: (mean: number) => string;
}

export interface TableText<R extends GridRow> {
  readonly title: string;
  /** What a reader must know before comparing the columns. */
  readonly caution: readonly string[];
  /** The paper's columns, made from the row. */
  readonly paper: readonly { readonly title: string; readonly value: (row: R) => number | undefined }[];
  readonly columns: readonly Column[];
  /** Lines below the table. */
  readonly notes?: readonly string[];
  /** The command that made it. */
  readonly command: string;
}

const percent = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(2));

/** The paper's figures and ours side by side, as Markdown: means over the seeds, with ± their standard deviation where there are several. */
export function gridMarkdown<R extends GridRow>(
  results: readonly RowResult<R>[],
  { title, caution, paper, columns, notes = [], command }: TableText<R>,
): string {
  const header = ['system', ...paper.map(({ title }) => title), ...columns.map(({ title }) => title)];
  const cell = ({ outcome }: RowResult<R>, { key, show }: Column) => {
    const found = summary(outcome, key);
    if (!found) return '–';
    const spread = found.runs > 1 && !show ? ` ± ${found.deviation.toFixed(2)}` : '';
    return (show ?? percent)(found.mean) + spread;
  };
  const rows = results.map((result) => [
    result.row.design,
    ...paper.map(({ value }) => percent(value(result.row))),
    ...columns.map((column) => cell(result, column)),
  ]);
  const lines = [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...rows];
  const remarks = results.flatMap(({ row, outcome }) => [
    ...('skipped' in outcome ? [`- ${row.name} was skipped: ${outcome.skipped}`] : []),
    ...(row.note && !('skipped' in outcome) ? [`- ${row.design}: ${row.note}`] : []),
  ]);
  const several = results.some(({ outcome }) => 'runs' in outcome && outcome.runs.length > 1);
  const spread = several ? ['±: the sample standard deviation over the seeds.'] : [];
  const below = [...remarks, ...[...notes, ...spread].map((note) => `- ${note}`)];
  return [
    `# ${title}`,
    '',
    ...caution,
    '',
    '```sh',
    command,
    '```',
    '',
    ...lines.map((line) => `| ${line.join(' | ')} |`),
    ...(below.length ? ['', ...below] : []),
    '',
  ].join('\n');
}
