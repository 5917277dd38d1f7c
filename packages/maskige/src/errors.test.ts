import { checkPalette, crop, decode, encode, maximalDistancePalette, type Palette } from '@gss/maskige';
import { additiveFactorPalette, designPalette, oklab, randomPalette, refine } from '@gss/maskige/design';
import { isPaletteName, namedPalette } from '@gss/maskige/palettes';
import { gaussianNoise, robustnessReport, swatch } from '@gss/maskige/report';
import {
  betaOf,
  decodeWithConfidence,
  fitLeastSquares,
  leastSquares,
  linearDecode,
  squaredDistances,
} from '@gss/maskige/soft';
import { describe, expect, test } from 'vitest';

const palette: Palette = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];
const map = { data: Uint8Array.of(0, 1, 2, 0), width: 2, height: 2 };
const image = encode(map, palette);

describe('bad input is named', () => {
  test.each<[string, () => unknown, string | RegExp]>([
    [
      'a label without a colour',
      () => encode({ ...map, data: Uint8Array.of(0, 1, 255, 0) }, palette),
      /label 255 at pixel 2 has no colour \(palette has 3\).*ignore: 255/,
    ],
    [
      'on a large map',
      () => encode({ data: new Uint8Array(9000).fill(7, 8999), width: 90, height: 100 }, palette),
      'label 7 at pixel 8999',
    ],
    [
      'on a large RGBA map',
      () => encode({ data: new Uint8Array(9000).fill(3, 4000), width: 90, height: 100 }, palette, { channels: 4 }),
      'label 3 at pixel 4000',
    ],
    [
      'an ignored label that is a class',
      () => encode(map, palette, { ignore: 2 }),
      'an integer in 3..65535 as ignore, got 2',
    ],
    [
      'an unlabelled colour without a label',
      () => decode(image, palette, { ignoreColor: [9, 9, 9] }),
      'as ignore, got undefined',
    ],
    ['a buffer too small', () => encode({ ...map, height: 3 }, palette), /2×3×1.*6 elements, got 4/],
    ['an image buffer too small', () => decode({ ...image, channels: 3, height: 3 }, palette), /18 elements, got 12/],
    ['a stride too small', () => decode({ ...image, stride: 5 }, palette), /stride 5 needs.*stride ≥ 6/],
    ['a width that is no integer', () => encode({ ...map, width: 1.5 }, palette), '1.5×2×1 at offset 0'],
    ['a size that is no integer', () => encode({ ...map, offset: 0.5 }, palette), 'needs integers ≥ 0'],
    [
      'a wrong channel count',
      () => decode({ ...image, data: new Uint8Array(8) }, palette),
      'expected 3 or 4 channels for 2×2 pixels, got 2',
    ],
    ['another wrong channel count', () => decode({ ...image, channels: 2 as 3 }, palette), 'expected 3 or 4 channels'],
    [
      'an output of another size',
      () => decode(image, palette, { out: { data: new Uint8Array(9), width: 3, height: 3 } }),
      'decode: out: 3×3×1 at offset 0, stride 3 needs integers ≥ 0, 2×2',
    ],
    [
      'an output of 8 bits for 16-bit labels',
      () => decode(image, palette, { ignore: 300, out: { ...map } }),
      'expected a Uint16Array as out',
    ],
    [
      'NaN in a real-valued maskige',
      () => decode({ data: Float32Array.of(0, 0, 0, 1, Number.NaN, 2), width: 2, height: 1 }, palette),
      'got [1,NaN,2] at (1, 0)',
    ],
    ['no palette', () => encode(map, []), 'a palette of 1..65535 colours, got 0'],
    ['a palette to check that is none', () => checkPalette([[0, 0, 256]]), 'checkPalette: expected three integers'],
    [
      'too many colours',
      () => checkPalette(new Array(65536).fill(palette[0])),
      'a palette of 1..65535 colours, got 65536',
    ],
    ['a colour out of range', () => encode(map, [[0, 0, 256]]), 'as colour of class 0, got [0,0,256]'],
    [
      'a colour of two numbers',
      () => encode(map, [[0, 0] as unknown as [number, number, number]]),
      'class 0, got [0,0]',
    ],
    [
      'an unlabelled colour out of range',
      () => encode(map, palette, { ignore: 255, ignoreColor: [0, 0, -1] }),
      'unlabelled pixels, got [0,0,-1]',
    ],
    [
      'duplicate colours',
      () => encode(map, [...palette, [0, 255, 0]]),
      /encode: pairs of colours too near to be told apart \(1\): 1 \[0,255,0\] and 3 \[0,255,0\], 0\.0 apart.*force: true/,
    ],
    [
      'a class of the unlabelled colour',
      () => decode(image, [...palette, [1, 1, 1]], { ignore: 255 }),
      '3 [1,1,1] and ignored [0,0,0], 1.7 apart',
    ],
    [
      'a rectangle outside',
      () => crop(map, { x: 1, y: 0, width: 2, height: 1 }),
      'crop: 2×1 at (1, 0) is not inside 2×2',
    ],
    ['too many classes', () => maximalDistancePalette(65536), 'an integer K in 1..65535, got 65536'],
    ['no classes', () => randomPalette(0), 'K must be an integer in 1..65535, got 0'],
    ['a bad additive factor', () => additiveFactorPalette(5, { T: -1 }), 'T must be an integer in 0..255'],
    ['an IoU too few', () => refine(palette, { iou: [1, 2] }), 'for each of the 3 classes, got 2'],
    ['an IoU of NaN', () => refine(palette, { iou: [1, Number.NaN, 2] }), 'class 1 is NaN'],
    ['a confusion matrix of another size', () => designPalette(3, { confusion: [1, 2] }), '3 × 3 = 9 numbers, got 2'],
    ['a negative confusion', () => designPalette(2, { confusion: [1, -2, 0, 1] }), 'confusion[0][1] is -2'],
    ['a design of too many', () => designPalette(5000), 'an integer in 1..1024'],
    ['an unknown palette', () => namedPalette('gss' as 'voc'), "no palette 'gss'. Known: gss-cityscapes-19"],
    [
      'a class that is not there',
      () => squaredDistances(image, palette, { classes: [3] }),
      'class 3 is not one of the 3',
    ],
    ['a class that is negative', () => squaredDistances(image, palette, { classes: [-1] }), 'class -1 is not one'],
    ['a class between two', () => squaredDistances(image, palette, { classes: [0.5] }), 'class 0.5 is not one'],
    [
      'an output too small for distances',
      () => squaredDistances(image, palette, { out: new Float32Array(3) }),
      '= 12 elements, got 3',
    ],
    [
      'NaN in soft decoding',
      () => squaredDistances({ data: Float32Array.of(Number.NaN, 0, 0), width: 1, height: 1 }, palette),
      'got [NaN,0,0] at (0, 0)',
    ],
    [
      'infinity in soft decoding',
      () => decodeWithConfidence({ data: Float64Array.of(0, Infinity, 0), width: 1, height: 1 }, palette),
      'got [0,Infinity,0]',
    ],
    [
      'colours in a plane',
      () =>
        leastSquares(
          betaOf([
            [1, 0, 0],
            [0, 1, 0],
            [1, 1, 0],
          ]),
        ),
      'do not span three dimensions',
    ],
    [
      'K that does not match',
      () => linearDecode(betaOf(palette), { data: new Float64Array(8), rows: 2, columns: 4 }),
      '[3, 3] · [2, 4] does not fit',
    ],
    [
      'a matrix too short',
      () => linearDecode({ data: new Float32Array(5), rows: 2, columns: 3 }, betaOf(palette)),
      'needs 6 numbers, got 5',
    ],
    [
      'NaN in a matrix',
      () => linearDecode({ data: Float32Array.of(1, 2, Number.NaN), rows: 1, columns: 3 }, betaOf(palette)),
      'row 0, column 2 is NaN',
    ],
    ['labels that do not match the pixels', () => fitLeastSquares(betaOf(palette), map, 3), 'expected colours [4, 3]'],
    [
      'a label beyond K',
      () => fitLeastSquares(betaOf([...palette, [1, 1, 1]]), map, 2),
      'label 2 at pixel 2 is not one of 2',
    ],
    ['negative noise', () => gaussianNoise(image, -1), 'sigma must be at least 0, got -1'],
    ['a swatch without columns', () => swatch(palette, { columns: 0 }), 'columns must be integers ≥ 1'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(RangeError);
    expect(call).toThrow(message);
  });

  test('a JPEG codec that changes the size', async () => {
    const jpeg = () => ({ data: new Uint8Array(3), width: 1, height: 1 });
    await expect(robustnessReport(map, palette, { jpeg })).rejects.toThrow('JPEG codec returned 1×1');
  });
});

test('force uses a palette with duplicates: the lower class wins', () => {
  const doubled: Palette = [...palette, [0, 0, 255]];
  const forced = encode({ ...map, data: Uint8Array.of(3, 2, 1, 0) }, doubled, { force: true });
  expect([...decode(forced, doubled, { force: true }).data]).toEqual([2, 2, 1, 0]);
  expect(() => decode(forced, doubled)).toThrow('2 [0,0,255] and 3 [0,0,255]');
});

test('checkPalette names every pair, nearest first, and measures', () => {
  const check = checkPalette([...palette, [0, 0, 252], [0, 255, 0], [3, 255, 0]], {
    minDistance: 5,
    ignoreColor: [0, 4, 0],
  });
  expect(check.ok).toBe(false);
  expect(check.near.map(({ a, b, distance }) => [a, b, distance])).toEqual([
    [1, 4, 0],
    [1, 5, 3],
    [2, 3, 3],
    [4, 5, 3],
  ]);
  expect(check.minDistance).toBe(0);
  expect(check.minIgnoredDistance).toBe(Math.sqrt(251 ** 2));
  const apart = (d: number): Palette => [
    [0, 0, 0],
    [0, d, 0],
  ];
  expect([checkPalette(apart(4)).ok, checkPalette(apart(3)).ok]).toEqual([true, false]);
  expect(checkPalette([[1, 2, 3]])).toEqual({
    ok: true,
    minDistance: Infinity,
    minIgnoredDistance: Infinity,
    near: [],
  });
  expect(isPaletteName('voc')).toBe(true);
  expect(isPaletteName('toString')).toBe(false);
  expect(oklab.name).toBe('oklab');
});
