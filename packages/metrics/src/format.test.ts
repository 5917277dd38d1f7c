import {
  addToConfusion,
  alignRows,
  createConfusion,
  formatJson,
  formatMarkdown,
  formatTable,
  markdownRows,
  scores,
} from '@gss/metrics';
import { expect, test } from 'vitest';

const prediction = Uint8Array.of(0, 0, 1, 1, 1, 0);
const truth = Uint8Array.of(0, 0, 0, 1, 1, 255);
const got = scores(addToConfusion(createConfusion(3), prediction, truth));
const names = ['road', 'tree | bush', 'Straße'];

test('formatTable aligns names to the left and figures to the right', () => {
  expect(formatTable(got, { names })).toBe(`class          IoU     Acc
road         66.67   66.67
tree | bush  66.67  100.00
Straße           –       –
mean         66.67   83.33

aAcc 80.00, fwIoU 66.67
`);
});

test('formatTable shows the columns and decimals asked for, and ids without names', () => {
  expect(
    formatTable(got, { columns: ['precision', 'fScore', 'labelled'], digits: 0 }),
  ).toBe(`class  Precision  Fscore  Labelled
0            100      80         3
1             67      80         2
2              –       –         0
mean          83      80

aAcc 80, fwIoU 67
`);
});

test('formatMarkdown escapes and right-aligns', () => {
  expect(formatMarkdown(got, { names, columns: ['iou'] })).toBe(`| class        |   IoU |
| ------------ | ----: |
| road         | 66.67 |
| tree \\| bush | 66.67 |
| Straße       |     – |
| mean         | 66.67 |

aAcc 80.00, fwIoU 66.67
`);
});

test('formatJson is unrounded, with null for what is not defined', () => {
  const json = JSON.parse(formatJson(got, { names })) as { mIoU: number; perClass: Record<string, unknown>[] };
  expect(json.mIoU).toBe(got.mIoU);
  expect(json.perClass[0]).toEqual({ id: 0, name: 'road', ...got.perClass[0] });
  expect(json.perClass[2]).toMatchObject({ id: 2, name: 'Straße', iou: null, acc: null, union: 0 });
  expect(JSON.parse(formatJson(got)).perClass[0]).not.toHaveProperty('name');
});

test('names must be complete', () => {
  for (const format of [formatTable, formatMarkdown, formatJson]) {
    expect(() => format(got, { names: ['road'] })).toThrow('expected 3 names, got 1');
  }
});

test('rows of any cells can be printed', () => {
  const rows = [
    ['set', 'mIoU'],
    ['KITTI', '62.0'],
  ];
  expect(alignRows(rows)).toBe('set    mIoU\nKITTI  62.0');
  expect(markdownRows(rows)).toBe('| set   | mIoU |\n| ----- | ---: |\n| KITTI | 62.0 |');
});

test('narrow columns keep the width of a rule in Markdown, and none in text', () => {
  expect(
    markdownRows([
      ['a', 'b'],
      ['1', '2'],
    ]),
  ).toBe('| a   |   b |\n| --- | --: |\n| 1   |   2 |');
  expect(alignRows([['', 'x']])).toBe('  x');
});
