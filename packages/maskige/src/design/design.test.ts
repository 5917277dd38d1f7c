import { fc, test } from '@fast-check/vitest';
import { checkPalette, maximalDistancePalette, type Palette } from '@gss/maskige';
import {
  additiveFactorPalette,
  arithmeticPalette,
  channelCounts,
  cielab,
  designPalette,
  misalignedPalette,
  oklab,
  randomPalette,
  refine,
  refinedPalette,
  smallestDistance,
} from '@gss/maskige/design';
import { namedPalette } from '@gss/maskige/palettes';
import { describe, expect } from 'vitest';

const byte = fc.nat(255);
const saturation = (color: readonly number[]) => Math.max(...color) - Math.min(...color);
const distance = (p: readonly number[], q: readonly number[]) =>
  Math.sqrt(p.reduce((sum, v, c) => sum + (v - q[c]!) ** 2, 0));

describe("Table 9's four steps", () => {
  test('at K = 150 the sequences have 5, 6 and 5 values, as the reference', () => {
    expect(channelCounts(150)).toEqual([5, 6, 5]);
    expect(arithmeticPalette(150).slice(0, 6)).toEqual([
      [0, 0, 0],
      [0, 0, 51],
      [0, 0, 102],
      [0, 0, 153],
      [0, 0, 204],
      [0, 42, 0],
    ]);
    expect(misalignedPalette(150).at(-1)).toEqual([204, 211, 206]);
  });

  test.prop([fc.integer({ min: 1, max: 700 }), fc.integer()], { numRuns: 40 })('any K and seed', (K, seed) => {
    const steps = [
      arithmeticPalette(K),
      misalignedPalette(K),
      additiveFactorPalette(K, { seed }),
      refinedPalette(K, { seed }),
      randomPalette(K, { seed }),
    ];
    for (const palette of steps) {
      expect(palette).toHaveLength(K);
      expect(new Set(palette.map(String)).size).toBe(K);
      expect(palette.flat().every((v) => Number.isInteger(v) && v >= 0 && v <= 255)).toBe(true);
    }
    steps[1]!.forEach((color, k) => {
      expect(color.map((v, c) => v - c)).toEqual(steps[0]![k]);
      steps[2]![k]!.forEach((v, c) => {
        expect(v - color[c]!).toBeGreaterThanOrEqual(0);
        expect(v - color[c]!).toBeLessThanOrEqual(15);
      });
    });
    expect(smallestDistance(steps[3]!)).toBeGreaterThanOrEqual(smallestDistance(steps[2]!));
    expect(additiveFactorPalette(K, { seed })).toEqual(steps[2]);
  });

  test('refinement gives the lowest IoU the most vivid colour', () => {
    const iou = Array.from({ length: 60 }, (_, k) => (k * 37) % 60);
    const palette = refinedPalette(60, { iou });
    const order = [...iou.keys()].sort((i, j) => iou[i]! - iou[j]!);
    const vividness = order.map((k) => saturation(palette[k]!));
    expect(vividness).toEqual([...vividness].sort((a, b) => b - a));
    expect(new Set(palette.map(String))).toEqual(new Set(refinedPalette(60).map(String)));
  });

  test('refinement replaces (128, 128, 128) by a colour whose channels differ widely', () => {
    const palette: Palette = [
      [128, 128, 128],
      [255, 0, 0],
      [200, 128, 128],
    ];
    const [first, ...others] = refine(palette);
    expect(saturation(first!)).toBeGreaterThan(200);
    expect(others).toEqual(palette.slice(1));
  });
});

describe('maximal distance', () => {
  // Every 15th K here; `node bench/maskige/palettes.mjs` measures all of 2…256 and renews the README's table.
  test.each([2, 3, 4, 5, 8, 9, 16, 27, 32, 64, 100, 125, 150, 194, 216, 256])(
    'beats the paper’s steps at K = %i',
    (K) => {
      const ours = maximalDistancePalette(K);
      const { minDistance } = checkPalette(ours);
      const theirs = [arithmeticPalette(K), misalignedPalette(K), randomPalette(K)].map((palette) =>
        smallestDistance(palette),
      );
      for (const seed of [0, 1, 2]) {
        theirs.push(
          smallestDistance(additiveFactorPalette(K, { seed })),
          smallestDistance(refinedPalette(K, { seed })),
        );
      }
      expect(minDistance).toBeGreaterThan(Math.max(...theirs));
      // Keeps away from the unlabelled colour and from grey as from a class.
      const least = Math.min(minDistance, 219);
      for (const color of ours) {
        expect(distance(color, [0, 0, 0])).toBeGreaterThan(least - 2);
        expect(distance(color, [128, 128, 128])).toBeGreaterThan(least - 2);
      }
    },
  );

  test('beats the reference’s palettes two- to sixfold', () => {
    for (const [name, factor] of [
      ['gss-cityscapes-19', 6],
      ['gss-ade20k-150', 2.9],
      ['gss-mseg-194', 2.8],
    ] as const) {
      const { palette } = namedPalette(name);
      const ours = maximalDistancePalette(palette.length);
      expect(smallestDistance(ours)).toBeGreaterThan(factor * smallestDistance(palette));
    }
  });

  test('is deterministic, and the seed changes it', () => {
    expect(maximalDistancePalette(40)).toEqual(maximalDistancePalette(40));
    expect(maximalDistancePalette(40, { seed: 1 })).not.toEqual(maximalDistancePalette(40));
  });

  test('avoids what it is told to, or nothing', () => {
    expect(smallestDistance(maximalDistancePalette(8, { avoid: [] }))).toBe(255);
    for (const color of maximalDistancePalette(12, { avoid: [[255, 0, 0]] })) {
      expect(distance(color, [255, 0, 0])).toBeGreaterThan(100);
    }
  });
});

describe('design', () => {
  test('polishing never lowers the distance', () => {
    const options = { starts: 2, iterations: 100 };
    expect(smallestDistance(designPalette(30, options))).toBeGreaterThan(95);
  });

  test.each([oklab, cielab])('in $name the smallest distance there is larger than of the RGB palette', (space) => {
    const palette = designPalette(24, { space, starts: 6, iterations: 300 });
    expect(checkPalette(palette, { ignoreColor: [0, 0, 0] }).ok).toBe(true);
    expect(smallestDistance(palette, space)).toBeGreaterThan(smallestDistance(maximalDistancePalette(24), space));
  });

  test('classes that are confused move apart', () => {
    const K = 12;
    const confusion = new Float64Array(K * K).fill(1);
    for (const [i, j] of [
      [0, 1],
      [2, 3],
      [4, 5],
    ] as const)
      confusion[i * K + j] = confusion[j * K + i] = 100;
    const options = { starts: 3, iterations: 200 };
    const weighted = designPalette(K, { ...options, confusion, strength: 1 });
    const confused = Math.min(...[0, 2, 4].map((i) => distance(weighted[i]!, weighted[i + 1]!)));
    expect(confused).toBeGreaterThan(1.3 * smallestDistance(weighted));
    expect(smallestDistance(weighted)).toBeGreaterThan(0.6 * smallestDistance(designPalette(K, options)));
  });

  test.prop([byte, byte, byte])('spaces lead back to RGB', (r, g, b) => {
    for (const space of [oklab, cielab]) {
      const back = space.toRgb(...space.fromRgb(r, g, b));
      [r, g, b].forEach((v, c) => {
        expect(Math.abs(v - back[c]!)).toBeLessThan(0.05);
      });
    }
  });

  test('known coordinates of red', () => {
    const close = (found: readonly number[], expected: readonly number[], digits: number) =>
      found.forEach((v, c) => {
        expect(v).toBeCloseTo(expected[c]!, digits);
      });
    close(cielab.fromRgb(255, 0, 0), [53.24, 80.09, 67.2], 1);
    close(oklab.fromRgb(255, 0, 0), [0.627955 * 255, 0.224863 * 255, 0.125846 * 255], 2);
  });
});
