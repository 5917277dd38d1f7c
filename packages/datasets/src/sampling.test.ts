import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epochOrder, mixDatasets, type SegmentationDataset, syntheticStreets } from './index.js';

describe('epochOrder', () => {
  test('shards are disjoint and make the whole; the order is a matter of seed and epoch alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.nat(),
        fc.nat(50),
        fc.integer({ min: 1, max: 7 }),
        (length, seed, epoch, shards) => {
          const parts = Array.from({ length: shards }, (_, shard) => [
            ...epochOrder({ length, seed, epoch, shard, shards }),
          ]);
          expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
          const whole = [...epochOrder({ length, seed, epoch })];
          expect(parts.map((part) => part.length).every((n) => Math.abs(n - length / shards) < 1)).toBe(true);
          expect(whole.filter((_, i) => i % shards === 0)).toEqual(parts[0]);
        },
      ),
    );
  });
  test('another epoch or seed is another order', () => {
    const base = epochOrder({ length: 100, seed: 1, epoch: 0 });
    expect(epochOrder({ length: 100, seed: 1, epoch: 1 })).not.toEqual(base);
    expect(epochOrder({ length: 100, seed: 2, epoch: 0 })).not.toEqual(base);
  });
  test('refuses shards that do not exist', () => {
    expect(() => epochOrder({ length: 9, seed: 0, epoch: 0, shard: 2, shards: 2 })).toThrow(
      'shard 2 of 2 does not exist',
    );
    expect(() => epochOrder({ length: -1, seed: 0, epoch: 0 })).toThrow('length -1');
  });
});

describe('mixDatasets', () => {
  const fake = (tag: string, length: number, classes = ['a', 'b']): SegmentationDataset => ({
    length,
    classes: classes.map((name) => ({ name, color: [0, 0, 0] })),
    name: (i) => `${tag}${i}`,
    read: async (i) => ({
      image: { data: new Uint8Array(3), width: 1, height: 1 },
      labels: { data: new Uint8Array(1), width: 1, height: 1 },
      name: `${tag}${i}`,
    }),
  });
  test('repeats each part by its factor', async () => {
    const mix = mixDatasets([{ dataset: fake('x', 2), repeat: 3 }, { dataset: fake('y', 3) }]);
    expect(mix.length).toBe(9);
    const names = Array.from({ length: 9 }, (_, i) => mix.name(i));
    expect(names).toEqual(['0/x0', '0/x1', '0/x0', '0/x1', '0/x0', '0/x1', '1/y0', '1/y1', '1/y2']);
    expect((await mix.read(7)).name).toBe('1/y1');
    expect(() => mix.name(9)).toThrow('index 9 is not an integer of 0..8');
  });
  test('refuses other classes, bad factors and nothing', () => {
    expect(() => mixDatasets([{ dataset: fake('x', 1) }, { dataset: fake('y', 1, ['a', 'c']) }])).toThrow(
      "part 1 has 2 classes that are not part 0's 2",
    );
    expect(() => mixDatasets([{ dataset: fake('x', 1), repeat: 0.5 }])).toThrow('repeat of part 0 is 0.5');
    expect(() => mixDatasets([])).toThrow('one part or more');
    expect(mixDatasets([{ dataset: syntheticStreets({ seed: 1, count: 2, width: 96, height: 64 }) }]).length).toBe(2);
  });
});
