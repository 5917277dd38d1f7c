import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterDataset, namePattern, type SegmentationDataset, syntheticStreetsClasses } from './index.js';
import { openDataset, withoutRepeats } from './node/open-dataset.js';

const of = (names: readonly string[]): SegmentationDataset => ({
  length: names.length,
  classes: syntheticStreetsClasses,
  name: (i) => names[i]!,
  read: async (i) => ({
    name: names[i]!,
    image: { data: new Uint8Array(3), width: 1, height: 1 },
    labels: { data: Uint8Array.of(i), width: 1, height: 1 },
  }),
});
const namesOf = (dataset: SegmentationDataset) => Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
const sequences = ['a_1', 'a_2', 'b_1', 'b/c_1', 'c.x_1', 'cyx_1'];

describe('filterDataset', () => {
  test('takes whole names by glob and parts of them by regular expression', () => {
    const take = (include: string[], exclude: string[] = []) =>
      namesOf(filterDataset(of(sequences), { include, exclude }));
    expect(take(['a_*'])).toEqual(['a_1', 'a_2']);
    expect(take(['c.x_?'])).toEqual(['c.x_1']);
    expect(take(['b*'])).toEqual(['b_1', 'b/c_1']);
    expect(take(['/^[ab]_/', 'c*'], ['*2', '/Y/i'])).toEqual(['a_1', 'b_1', 'c.x_1']);
    expect(namesOf(filterDataset(of(sequences), {}))).toEqual(sequences);
  });

  test('reads what it names', async () => {
    const some = filterDataset(of(sequences), { include: ['c*'] });
    expect((await some.read(1)).labels.data[0]).toBe(5);
    expect(() => some.name(2)).toThrow('index 2 is not an integer of 0..1');
  });

  test('a share and the rest part the names, whatever their order or repeats', () => {
    const lists = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 30 });
    fc.assert(
      fc.property(lists, fc.double({ min: 0.2, max: 0.8, noNaN: true }), (names, share) => {
        const drawn = namesOf(filterDataset(of(names), { share: { of: share, side: 'drawn' } }));
        const rest = namesOf(filterDataset(of(names), { share: { of: share, side: 'rest' } }));
        expect(drawn.length).toBe(Math.round(share * names.length));
        expect([...drawn, ...rest].sort()).toEqual([...names].sort());
        const twice = [...names].reverse().flatMap((name) => [name, name]);
        const again = namesOf(filterDataset(of(twice), { share: { of: share, side: 'drawn' } }));
        expect(new Set(again)).toEqual(new Set(drawn));
      }),
    );
  });

  test('says what is wrong: nothing left, no pattern, no share', () => {
    const filter = (by: object) => () => filterDataset(of(sequences), by);
    expect(filter({ include: ['x*'] })).toThrow(/none of the 6 samples.*\["x\*"\].*a_1, a_2, b_1/);
    expect(() => namePattern('/(/')).toThrow('is no regular expression');
    expect(filter({ share: { of: 1, side: 'rest' } })).toThrow('a share of 1 is not between 0 and 1');
  });
});

test('a filtered source opens around any other, also within a mix', async () => {
  const streets = { kind: 'synthetic-streets', seed: 1, count: 6, width: 32, height: 32 } as const;
  const all = namesOf(await openDataset(streets));
  const filtered = { kind: 'filtered', source: streets, exclude: [all[0]!] } as const;
  expect(namesOf(await openDataset(filtered))).toEqual(all.slice(1));
  const mix = { kind: 'mixed', parts: [{ source: filtered, repeat: 2 }] } as const;
  expect((await openDataset({ kind: 'filtered', source: mix, include: ['0/*'] })).length).toBe(10);
  expect(withoutRepeats({ kind: 'filtered', source: mix })).toEqual({
    kind: 'filtered',
    source: { kind: 'mixed', parts: [{ source: filtered }] },
  });
});
