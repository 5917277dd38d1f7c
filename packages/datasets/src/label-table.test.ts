import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyLabelTable,
  compileLabelTable,
  describeIds,
  findUnknownIds,
  identityTable,
  reduceZeroTable,
  tableFromIds,
} from './index.js';

const map = (data: number[], width = data.length) => ({
  data: Uint16Array.from(data),
  width,
  height: data.length / width,
});

describe('label tables', () => {
  test('reduce_zero_label: 0 is ignored, 1..K shift down, K+1 is an error', () => {
    const lookup = compileLabelTable(reduceZeroTable(150));
    expect([0, 1, 150, 151, 254, 255].map((id) => lookup[id])).toEqual([255, 0, 149, -1, -1, 255]);
    expect(describeIds(lookup)).toBe('0..150, 255');
  });
  test('ids past the table are errors, or ignored on demand', () => {
    const table = identityTable(2, []);
    expect(compileLabelTable(table)[65535]).toBe(-1);
    expect(compileLabelTable({ ...table, beyond: 'ignore' })[65535]).toBe(255);
  });
  test('two meanings, bad ids and too many classes are refused', () => {
    expect(() => tableFromIds([3, 3])).toThrow('id 3 has two meanings');
    expect(() => tableFromIds([0, 255])).toThrow('id 255 has two meanings');
    expect(() => tableFromIds([1.5])).toThrow('raw id 1.5');
    expect(() => identityTable(256)).toThrow('1..255 classes, got 256');
    expect(() => compileLabelTable({ toClass: [0, 300] })).toThrow('raw id 1 maps to 300');
  });
  test('unknown ids are all named, the map stays untouched', () => {
    const raw = map([0, 9, 1, 9, 40000, 0], 3);
    const before = raw.data.slice();
    const lookup = compileLabelTable(identityTable(2, []));
    expect(() => applyLabelTable(raw, lookup, 'x.png')).toThrow(
      'x.png: label id 9 (2 pixels, first at x 1, y 0), 40000 (1 pixels, first at x 1, y 1) not in the label table, which knows 0..1.',
    );
    expect(raw.data).toEqual(before);
  });
  test('a table keeps every known id and finds every unknown one', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1 }),
        fc.array(fc.nat(41), { minLength: 1 }),
        (ids, data) => {
          const lookup = compileLabelTable(tableFromIds(ids, []));
          const unknown = data.filter((id) => !ids.includes(id));
          const found = findUnknownIds(map(data), lookup);
          expect(found.map((u) => u.id)).toEqual([...new Set(unknown)].sort((a, b) => a - b));
          expect(found.reduce((sum, u) => sum + u.pixels, 0)).toBe(unknown.length);
          for (const u of found) expect(u.x).toBe(data.indexOf(u.id));
          if (!unknown.length)
            expect([...applyLabelTable(map(data), lookup, 'f').data]).toEqual(data.map((id) => ids.indexOf(id)));
        },
      ),
    );
  });
});
