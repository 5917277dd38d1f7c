import { fillUnlabelled } from '@gss/vqvae';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const size = { width: 5, height: 3, classes: 4 };

test('unlabelled pixels take the nearest label; labelled ones stay', () => {
  const u = 255;
  const labels = Uint8Array.from([1, u, u, u, 2, u, u, u, u, 2, 1, u, u, u, 3]);
  expect([...fillUnlabelled(labels, size)]).toEqual([1, 1, 1, 2, 2, 1, 1, 2, 2, 2, 1, 1, 1, 3, 3]);
  expect(labels[1]).toBe(u);
});

test('nothing to fill, or nothing to fill with: the map itself', () => {
  const full = new Uint8Array(15).fill(3);
  const none = new Uint8Array(15).fill(4);
  expect(fillUnlabelled(full, size)).toBe(full);
  expect(fillUnlabelled(none, size)).toBe(none);
  expect(() => fillUnlabelled(full, { ...size, width: 4 })).toThrow('expected 4 × 3 labels, got 15');
});

test('every pixel gets a label of the map, within a tenth of the nearest distance', () => {
  const maps = fc.integer({ min: 2, max: 12 }).chain((width) =>
    fc.record({
      width: fc.constant(width),
      labels: fc.array(fc.constantFrom(0, 1, 2, 255, 255, 255), { minLength: width * 9, maxLength: width * 9 }),
    }),
  );
  fc.assert(
    fc.property(maps, ({ width, labels }) => {
      fc.pre(labels.some((label) => label < 3));
      const filled = fillUnlabelled(Uint8Array.from(labels), { width, height: 9, classes: 3 });
      for (let i = 0; i < labels.length; i++) {
        const distance = (k: number) =>
          Math.hypot((k % width) - (i % width), Math.floor(k / width) - Math.floor(i / width));
        const all = labels.flatMap((label, k) => (label < 3 ? [{ label, d: distance(k) }] : []));
        const own = Math.min(...all.filter(({ label }) => label === filled[i]).map(({ d }) => d));
        expect(own).toBeLessThanOrEqual(Math.min(...all.map(({ d }) => d)) * 1.1);
      }
    }),
    { numRuns: 60 },
  );
});
