import { expect, test } from 'vitest';
import { compile, tableOf } from './compiled.js';
import { maximalDistancePalette } from './maximal-distance.js';

test('the compiled form of a palette is kept as long as colours, ignored label and its colour are the same', () => {
  const palette = maximalDistancePalette(7);
  const first = compile('a', palette, {});
  expect(compile('b', palette, { force: true })).toBe(first);
  const ignoring = compile('a', palette, { ignore: 255 });
  expect(ignoring).not.toBe(first);
  expect(compile('b', palette, { ignore: 255, ignoreColor: [0, 0, 0] })).toBe(ignoring);
  expect(compile('b', palette, { ignore: 254 })).not.toBe(ignoring);
  expect(compile('b', palette, { ignore: 254, ignoreColor: [9, 0, 0] }).colors.rgb.slice(-3)).toEqual(
    Uint8Array.of(9, 0, 0),
  );
});

test('a table is built once, under its name', () => {
  const compiled = compile('a', maximalDistancePalette(3), {});
  let built = 0;
  const table = () => tableOf(compiled, 'count', ({ labels }) => [++built, labels.length]);
  expect([table(), table()]).toEqual([
    [1, 3],
    [1, 3],
  ]);
  expect(tableOf(compiled, 'other', () => null)).toBeNull();
});
