import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compilePipeline,
  createRandom,
  parseTransforms,
  rareClassWeights,
  sampleRandom,
  type TransformSpec,
} from '../index.js';

/** Class 0 all over, one pixel of class 2, ignored pixels in a corner. */
const sample = (width: number, height: number, at: number) => {
  const labels = new Uint8Array(width * height);
  labels[0] = 255;
  labels[at] = 2;
  return {
    name: 'x',
    image: { data: new Uint8Array(3 * width * height), width, height },
    labels: { data: labels, width, height },
  };
};
const crop = (balance: object, rest: object = {}): TransformSpec[] => [
  { type: 'RandomCrop', width: 5, height: 4, classBalance: balance, ...rest } as TransformSpec,
];
const rare = { probability: 1, weights: [0, 1, 1] };

describe('class-balanced crops', () => {
  test('hold a pixel of the drawn class, resized or on a grid', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 6, max: 30 }),
        fc.integer({ min: 6, max: 30 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.constantFrom(undefined, 2, 3),
        fc.nat(),
        (width, height, share, stride, seed) => {
          const given = sample(width, height, 1 + Math.floor(share * (width * height - 1)));
          const rest = stride ? { stride } : {};
          expect(compilePipeline(crop(rare, rest))(given, createRandom(seed)).labels.data).toContain(2);
          const larger = [
            { type: 'Resize', width: 3 * width, height: 3 * height, keepRatio: false } as const,
            ...crop(rare, rest),
          ];
          expect(compilePipeline(larger)(given, createRandom(seed)).labels.data).toContain(2);
        },
      ),
    );
  });

  test('come as often as the probability says, and repeat for the same sample and seed', () => {
    const given = sample(60, 60, 1830);
    const share = (probability: number) => {
      const run = compilePipeline(crop({ ...rare, probability }));
      const hits = Array.from({ length: 400 }, (_, i) => run(given, sampleRandom(1, 0, i)).labels.data.includes(2));
      return hits.filter(Boolean).length / 400;
    };
    expect(share(0)).toBeLessThan(0.05);
    expect(share(0.5)).toBeGreaterThan(0.4);
    expect(share(0.5)).toBeLessThan(0.6);
    expect(share(1)).toBe(1);
    const run = compilePipeline(crop(rare));
    expect(run(given, sampleRandom(1, 2, 3))).toEqual(run(given, sampleRandom(1, 2, 3)));
  });

  test('fall back on any crop where the picture shows no such class; unlabelled is none', () => {
    const given = sample(8, 8, 9);
    const run = compilePipeline(crop({ probability: 1, weights: [0, 1] }));
    expect(run(given, createRandom(1)).labels.data).toHaveLength(20);
    const weights = Array.from({ length: 256 }, (_, id) => (id === 255 ? 1 : 0));
    const corners = Array.from({ length: 40 }, (_, i) =>
      compilePipeline(crop({ probability: 1, weights }))(given, createRandom(i)).labels.data.includes(255),
    );
    expect(corners).toContain(false);
  });

  test('are checked when they come from JSON', () => {
    expect(parseTransforms(crop(rare))).toEqual(crop(rare));
    expect(() => parseTransforms(crop({ probability: 2, weights: [1] }))).toThrow('classBalance is {"probability":2');
    expect(() => parseTransforms(crop({ probability: 1, weights: [-1] }))).toThrow('expected { probability: 0..1');
  });
});

test('rare classes weigh more, absent ones nothing', () => {
  expect(rareClassWeights([75, 25, 0], 1)).toEqual([0.25, 0.75, 0]);
  expect(rareClassWeights([75, 25, 0], 0)).toEqual([0.5, 0.5, 0]);
  expect(rareClassWeights([0, 0], 1)).toEqual([0, 0]);
});
