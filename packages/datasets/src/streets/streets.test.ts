import { describe, expect, test } from 'vitest';
import {
  renderStreetScene,
  type Sample,
  syntheticStreets,
  syntheticStreetsClasses,
  trainColourClassifier,
} from '../index.js';

const scene = (index: number, options = {}) => renderStreetScene({ seed: 7, index, width: 96, height: 64, ...options });
const equal = (a: Uint8Array | Uint8ClampedArray | Uint16Array, b: typeof a) =>
  Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;

describe('renderStreetScene', () => {
  test('is the same for the same options, whatever was rendered before', () => {
    const first = scene(3);
    scene(4);
    renderStreetScene({ seed: 1, index: 0, width: 48, height: 32 });
    const again = scene(3);
    expect(equal(first.image.data, again.image.data)).toBe(true);
    expect(equal(first.labels.data, again.labels.data)).toBe(true);
  });
  test('differs with seed, split and index', () => {
    const base = scene(0).image.data;
    for (const other of [scene(1), scene(0, { seed: 8 }), scene(0, { split: 'val' }), scene(0, { seed: 7 + 2 ** 32 })])
      expect(equal(base, other.image.data)).toBe(false);
  });
  test('shows the same scene at every size', () => {
    for (const index of [0, 1, 2]) {
      const small = scene(index, { width: 96, height: 72 }).labels;
      const large = scene(index, { width: 192, height: 144 }).labels;
      let same = 0;
      for (let i = 0; i < small.data.length; i++) {
        const at = 2 * (192 * Math.floor(i / 96) + (i % 96));
        if (small.data[i] === large.data[at]) same++;
      }
      expect(same / small.data.length).toBeGreaterThan(0.88);
    }
  });
  test('has every class and unlabelled areas, and no other id', () => {
    const pixels = new Float64Array(256);
    for (let i = 0; i < 20; i++) for (const id of scene(i, { width: 128, height: 96 }).labels.data) pixels[id]!++;
    const total = 20 * 128 * 96;
    for (const [id, { name }] of syntheticStreetsClasses.entries())
      expect(pixels[id]! / total, name).toBeGreaterThan(0.005);
    expect(pixels[255]! / total).toBeGreaterThan(0.003);
    expect(pixels.slice(13, 255).every((n) => n === 0)).toBe(true);
  });
  test('refuses what it cannot draw', () => {
    expect(() => scene(0, { width: 20 })).toThrow('width 20 is not an integer of 48..2048');
    expect(() => scene(0, { height: 64.5 })).toThrow('height 64.5');
    expect(() => scene(-1)).toThrow('index -1');
    expect(() => scene(0, { split: 'dev' })).toThrow('split "dev" is none of train, val, test');
  });
});

test.each([
  ['full', 30],
  ['calm', 45],
] as const)(
  'colour alone does not solve it: a Bayes classifier on RGB stays under its bar (%s, %i mIoU)',
  (variety, bar) => {
    const make = (split: 'train' | 'val', count: number): Sample[] =>
      Array.from({ length: count }, (_, index) => scene(index, { split, variety, width: 96, height: 64 }));
    const classify = trainColourClassifier(make('train', 36), 13);
    const hits = new Float64Array(13);
    const union = new Float64Array(13);
    for (const sample of make('val', 12)) {
      const predicted = classify(sample);
      for (const [i, truth] of sample.labels.data.entries()) {
        if (truth === 255) continue;
        union[truth]!++;
        if (predicted[i] === truth) hits[truth]!++;
        else union[predicted[i]!]!++;
      }
    }
    const mIoU = (100 * hits.reduce((sum, h, k) => sum + h / union[k]!, 0)) / 13;
    expect(mIoU).toBeLessThan(bar);
    expect(mIoU).toBeGreaterThan(5); // better than nothing, or the classifier is broken
  },
  300_000,
);

test('syntheticStreets is a data set of a declared length', async () => {
  const streets = syntheticStreets({ seed: 7, count: 3, width: 96, height: 64, split: 'val' });
  expect([streets.length, streets.classes.length, streets.name(2)]).toEqual([3, 13, 'val-7-00002']);
  const sample = await streets.read(2);
  expect(sample.name).toBe('val-7-00002');
  expect(equal(sample.image.data, scene(2, { split: 'val' }).image.data)).toBe(true);
  await expect(streets.read(3)).rejects.toThrow('index 3 is not an integer of 0..2');
  expect(() => syntheticStreets({ seed: 7, count: 0, width: 96, height: 64 })).toThrow('count 0');
});
