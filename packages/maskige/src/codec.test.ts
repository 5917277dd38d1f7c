import { fc, test } from '@fast-check/vitest';
import { checkPalette, decode, encode, maximalDistancePalette, type Palette } from '@gss/maskige';
import { describe, expect } from 'vitest';

const colors = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
/** Palettes of scattered colours, and of colours crowded into a corner so that cells have many candidates. */
const palettes = fc
  .tuple(fc.constantFrom(1, 8, 32), fc.array(colors, { minLength: 1, maxLength: 120 }))
  .map(
    ([shrink, list]): Palette =>
      list.map(([r, g, b]) => [Math.floor(r / shrink), Math.floor(g / shrink), Math.floor(b / shrink)]),
  );

/** The definition: the first of the nearest colours. */
function bruteForce(data: ArrayLike<number>, palette: Palette, channels = 3): number[] {
  const labels: number[] = [];
  for (let i = 0; i < data.length; i += channels) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    palette.forEach(([r, g, b], k) => {
      const d = (data[i]! - r) ** 2 + (data[i + 1]! - g) ** 2 + (data[i + 2]! - b) ** 2;
      if (d < least) [least, best] = [d, k];
    });
    labels.push(best);
  }
  return labels;
}

/** Bytes from a seed, some spread over the cube, some gathered round the origin. */
function pixels(count: number, seed: number, spread: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length: count }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return (state >>> 8) % spread;
  });
}

describe('round trip', () => {
  const good = palettes.filter((palette) => checkPalette(palette).ok);
  test.prop([good, fc.array(fc.nat(), { maxLength: 60 }), fc.constantFrom(3, 4)])(
    'decode(encode(mask)) is the mask',
    (palette, numbers, channels) => {
      const map = { data: Uint8Array.from(numbers, (n) => n % palette.length), width: numbers.length, height: 1 };
      expect(decode(encode(map, palette, { channels: channels as 3 }), palette)).toEqual(map);
    },
  );
});

describe('decode equals brute force', () => {
  const seeds = fc.tuple(fc.integer(), fc.constantFrom(256, 40));
  test.prop([palettes, seeds, fc.constantFrom(3, 4)], { numRuns: 30 })(
    'on large images',
    (palette, [seed, spread], channels) => {
      const image = { data: pixels(8200 * channels, seed, spread), width: 820, height: 10, channels: channels as 3 };
      expect([...decode(image, palette, { force: true }).data]).toEqual(bruteForce(image.data, palette, channels));
    },
  );

  test('for every colour there is, on a grid of the cube', () => {
    for (const K of [1, 2, 37, 256]) {
      const palette = maximalDistancePalette(K);
      const data = new Uint8Array(64 ** 3 * 3);
      for (let i = 0; i < 64 ** 3; i++)
        data.set([(i >> 12) * 4 + (i % 3), ((i >> 6) & 63) * 4 + (i % 4), (i & 63) * 4 + (i % 2)], 3 * i);
      expect(decode({ data, width: 64 ** 2, height: 64 }, palette).data).toEqual(
        Uint8Array.from(bruteForce(data, palette)),
      );
    }
  });
});
