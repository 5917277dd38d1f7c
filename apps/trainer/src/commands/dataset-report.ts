import type { DatasetReport } from '@gss/datasets/node';
import type { Output } from '../cli/output.js';

const number = (value: number, digits = 2) => value.toFixed(digits);
/** '1 shard', '2 shards'. */
export const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

/** What `inspectDataset` found, for people. */
export function printReport(out: Output, report: DatasetReport): void {
  const { images, expected, sizes, ignored, classes, ids } = report;
  out.line(
    `${images} pictures${expected === undefined ? '' : ` (expected ${expected})`}, ${plural(sizes.different, 'size')}: ${sizes.smallest} … ${sizes.largest}, ${number(ignored)} % unlabelled`,
  );
  const width = Math.max(...classes.map(({ name }) => name.length), 5);
  out.line(`${'class'.padEnd(width)}  pixels %  pictures`);
  for (const { name, share, images: n } of classes)
    out.line(`${name.padEnd(width)}  ${number(share, 3).padStart(8)}  ${String(n).padStart(8)}`);
  out.line(`ids in the files: ${ids.map(({ id, meaning }) => `${id} ${meaning}`).join(' · ')}`);
  if (report.emptyClasses.length) out.line(`without a pixel: ${report.emptyClasses.join(', ')}`);
  for (const { id, pixels, images: n, first } of report.unknownIds)
    out.line(
      `UNKNOWN ID ${id}: ${plural(pixels, 'pixel')} in ${plural(n, 'picture')}, first ${first}. Add it to the label table, or repaint it with the ignore id.`,
    );
  for (const { problem, message } of report.problems.slice(0, 20)) out.line(`${problem.toUpperCase()}: ${message}`);
  if (report.problems.length > 20) out.line(`… and ${report.problems.length - 20} more problems (all with --json)`);
  for (const group of report.duplicates.slice(0, 10)) out.line(`EQUAL PICTURES: ${group.join(', ')}`);
  if (expected !== undefined && expected !== images) out.line(`INCOMPLETE: ${images} of ${expected} pictures`);
}
