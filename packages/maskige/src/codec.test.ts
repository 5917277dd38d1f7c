import { fc, test } from '@fast-check/vitest';
import { checkPalette, decode, encode, maximalDistancePalette } from '@gss/maskige';
import { expect } from 'vitest';

const palettes = fc
  .array(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 40 })
  .filter((palette) => checkPalette(palette).ok);

test.prop([palettes, fc.array(fc.nat(), { maxLength: 60 })])('decode(encode(mask)) is the mask', (palette, numbers) => {
  const map = { data: Uint8Array.from(numbers, (n) => n % palette.length), width: numbers.length, height: 1 };
  expect(decode(encode(map, palette), palette)).toEqual(map);
});

test('every K has a palette that can be decoded', () => {
  for (const K of [1, 2, 19, 150, 194, 256]) expect(checkPalette(maximalDistancePalette(K)).ok).toBe(true);
});
