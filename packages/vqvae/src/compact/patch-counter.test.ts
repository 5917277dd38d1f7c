import { createRng } from '@gss/tensor';
import { createPatchCounter, dearestPatches, proceduralMask } from '@gss/vqvae';
import { expect, test } from 'vitest';

const map = (rows: readonly string[]) => ({
  data: Uint8Array.from(rows.join('').split('').map(Number)),
  size: { width: rows[0]!.length, height: rows.length },
});

test('counts squares by their labels, skips what is no class, cuts what does not fill a square', () => {
  const counter = createPatchCounter(2, 3);
  const { data, size } = map(['00110', '00110', '12900', '12000', '22222']);
  counter.add(data, size);
  const counts = Array.from({ length: counter.size }, (_, i) => [[...counter.patch(i)].join(''), counter.count(i)]);
  expect(counts).toEqual([
    ['0000', 1],
    ['1111', 1],
    ['1212', 1],
  ]);
  expect([...counter.pixels]).toEqual([4, 6, 2]);
  counter.add(data, size, 2, 0);
  expect(counter.count(1)).toBe(2);
  expect(() => createPatchCounter(4, 0)).toThrow('0 classes, expected 1 … 255');
});

test('equals a plain count on many squares, whatever their number', () => {
  const rng = createRng(2);
  const size = { width: 64, height: 64 };
  const counter = createPatchCounter(4, 5);
  const plain = new Map<string, number>();
  for (let n = 0; n < 6; n++) {
    const mask = proceduralMask(rng, { ...size, classes: 5 });
    counter.add(mask, size, 1, 3);
    for (let y = 3; y + 4 <= 64; y += 4) {
      for (let x = 1; x + 4 <= 64; x += 4) {
        const key = Array.from({ length: 16 }, (_, i) => mask[(y + (i >> 2)) * 64 + x + (i & 3)]).join();
        plain.set(key, (plain.get(key) ?? 0) + 1);
      }
    }
  }
  const found = new Map(
    Array.from({ length: counter.size }, (_, i) => [[...counter.patch(i)].join(), counter.count(i)]),
  );
  expect(found).toEqual(plain);
});

test('a full counter forgets what it saw least and goes on', () => {
  const counter = createPatchCounter(1, 200, 8);
  const line = (values: readonly number[]) => counter.add(Uint8Array.from(values), { width: values.length, height: 1 });
  line([7, 7, 7, 9, 9, 1, 2, 3, 4, 5, 6]);
  line([100]);
  const labels = Array.from({ length: counter.size }, (_, i) => counter.patch(i)[0]);
  expect(labels).toEqual([7, 9, 100]);
  expect([counter.count(0), counter.count(1)]).toEqual([3, 2]);
});

test('a rare class outweighs a frequent one that shows as often', () => {
  const counter = createPatchCounter(1, 3);
  counter.add(Uint8Array.from([...Array(90).fill(0), ...Array(9).fill(1), 2]), { width: 100, height: 1 });
  // cost = count · √(100 / pixels): 90 · 1.05, 9 · 3.3, 1 · 10
  expect([...dearestPatches(counter, 2)]).toEqual([0, 1]);
  expect([...dearestPatches(counter, 9)]).toEqual([0, 1, 2]);
  const squares = createPatchCounter(2, 3);
  squares.add(Uint8Array.from([0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 2]), { width: 6, height: 2 });
  // 6 zeros, 5 ones and 1 two: 4 · 1.41, 4 · 1.55, 2 · 1.41 + 1.55 + 3.46
  expect([...dearestPatches(squares, 2)]).toEqual([0, 0, 1, 2, 1, 1, 1, 1]);
});
