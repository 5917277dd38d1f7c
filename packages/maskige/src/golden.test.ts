import { readFileSync } from 'node:fs';
import { parseSafetensors, toFloat32 } from '@gss/checkpoint';
import { checkPalette, decode, encode, type Palette, type Rgb } from '@gss/maskige';
import { referenceGenerators, referencePalette } from '@gss/maskige/design';
import { namedPalette, paletteNames } from '@gss/maskige/palettes';
import { argmax, fitLeastSquares, leastSquares, linearDecode, type Matrix, squaredDistances } from '@gss/maskige/soft';
import { describe, expect, test } from 'vitest';

const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url);
const triples = (flat: ArrayLike<number>): Rgb[] =>
  Array.from({ length: flat.length / 3 }, (_, k) => [flat[3 * k]!, flat[3 * k + 1]!, flat[3 * k + 2]!]);

/** [B, C, H, W] → pixel by pixel. */
function channelsLast(data: ArrayLike<number>, [B, C, H, W]: readonly number[]): Float32Array {
  const plane = H! * W!;
  return Float32Array.from({ length: B! * C! * plane }, (_, i) => {
    const [c, p, b] = [i % C!, Math.floor(i / C!) % plane, Math.floor(i / C! / plane)];
    return data[(b * C! + c) * plane + p]!;
  });
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe.each(['posterior', 'posterior-ade20k'])('%s equals the reference', (name) => {
  const tensors = parseSafetensors(readFileSync(fixture(`${name}.safetensors`)));
  const tensor = (key: string) => tensors.get(key)!;
  const floats = (key: string) => channelsLast(toFloat32(tensor(key)), tensor(key).shape);
  const all = triples(toFloat32(tensor('input.palette')));
  const palette = all.slice(0, -1);
  const options = { ignore: 255, ignoreColor: all.at(-1)! };
  const [B, , H, W] = tensor('input.mask').shape as [number, number, number, number];
  const size = { width: W, height: B * H };
  const noisy = floats('input.noisy_maskige'); // 0..255
  const matrix = (key: string): Matrix => ({
    data: toFloat32(tensor(key)),
    rows: tensor(key).shape[0]!,
    columns: tensor(key).shape[1]!,
  });
  const mask = { data: Uint8Array.from(toFloat32(tensor('input.mask'))), ...size };
  const scaled: Matrix = { data: noisy.map((v) => v / 255), rows: B * H * W, columns: 3 };

  test('labels → colours, 255 included', () => {
    expect([...encode(mask, palette, options).data]).toEqual([...floats('output.maskige')]);
  });

  test('real-valued colours → nearest class', () => {
    const image = { data: noisy, ...size };
    expect([...decode(image, palette).data]).toEqual([...toFloat32(tensor('output.nearest'))]);
    const ignored = [...toFloat32(tensor('output.nearest_with_ignore'))].map((v) => (v === palette.length ? 255 : v));
    expect([...decode(image, palette, options).data]).toEqual(ignored);
  });

  test('ties go to the lower class, duplicates too', () => {
    const tied = triples(toFloat32(tensor('ties.input.palette')));
    const data = channelsLast(toFloat32(tensor('ties.input.rgb')), tensor('ties.input.rgb').shape);
    const expected = [...toFloat32(tensor('ties.output.nearest'))];
    expect([...decode({ data, width: 6, height: 1 }, tied, { force: true }).data]).toEqual(expected);
    const bytes = Uint8Array.from(data);
    expect([...decode({ data: bytes, width: 6, height: 1 }, tied, { force: true }).data]).toEqual(expected);
  });

  test('least squares: γ, γ fitted on pixels, arg max', () => {
    const gamma = leastSquares(matrix('lstsq.input.beta'));
    expect(largestDifference(gamma.data, toFloat32(tensor('lstsq.output.gamma')))).toBeLessThan(1e-6);
    const fitted = fitLeastSquares(scaled, mask, palette.length);
    expect(largestDifference(fitted.data, toFloat32(tensor('lstsq.output.gamma_fitted_on_pixels')))).toBeLessThan(1e-6);
    const found = argmax(linearDecode(scaled, gamma));
    expect([...found]).toEqual([...toFloat32(tensor('lstsq.output.argmax'))]);
    const { data: nearest } = decode({ data: noisy, ...size }, palette);
    const agree = found.filter((k, i) => k === nearest[i]).length / found.length;
    expect(agree).toBeCloseTo(palette.length === 7 ? 0.7204861 : 0.0928571, 5);
  });

  // Kept for one of the two; every second row and column of the map.
  if (!tensors.has('output.sq_distance')) return;
  test('squared distances and least-squares scores', () => {
    const K = palette.length;
    const stored = (data: ArrayLike<number>) => {
      const some: number[] = [];
      for (let y = 0; y < B * H; y += 2) {
        for (let x = 0; x < W; x += 2) for (let k = 0; k < K; k++) some.push(data[(y * W + x) * K + k]!);
      }
      return some;
    };
    const { data } = squaredDistances({ data: noisy, ...size }, palette);
    expect(largestDifference(stored(data), floats('output.sq_distance'))).toBeLessThan(0.05);
    const scores = linearDecode(scaled, leastSquares(matrix('lstsq.input.beta'))).data;
    expect(largestDifference(stored(scores), floats('lstsq.output.scores'))).toBeLessThan(1e-6);
  });
});

describe('palettes equal the reference', () => {
  const golden = JSON.parse(readFileSync(fixture('palette.json'), 'utf8')) as {
    config_palettes: Record<
      string,
      {
        colours: Palette;
        unlabelled: Rgb;
        min_squared_distance_between_classes: number;
        min_squared_distance_to_unlabelled: number;
      }
    >;
    generator: { results: Record<string, { colours: Palette; jitter_draws_in_order: number[] | null }> };
  };

  test.each([
    ['cityscapes19', 'gss-cityscapes-19'],
    ['ade20k150', 'gss-ade20k-150'],
    ['mseg194', 'gss-mseg-194'],
  ] as const)('%s', (key, name) => {
    const expected = golden.config_palettes[key]!;
    const { palette, ignoreColor, kind } = namedPalette(name);
    expect(palette).toEqual(expected.colours);
    expect(ignoreColor).toEqual(expected.unlabelled);
    expect(kind).toBe('maskige');
    const check = checkPalette(palette, { ignoreColor: ignoreColor! });
    expect(check.minDistance ** 2).toBeCloseTo(expected.min_squared_distance_between_classes, 6);
    expect(check.minIgnoredDistance ** 2).toBeCloseTo(expected.min_squared_distance_to_unlabelled, 6);
  });

  test.each(Object.entries(golden.generator.results))(
    'generator %s',
    (name, { colours, jitter_draws_in_order: draws }) => {
      let i = 0;
      const generator = referenceGenerators[name.startsWith('ade20k') ? 'ade20k' : 'mseg'];
      expect(referencePalette(generator, () => (draws ? draws[i++]! : 0))).toEqual(colours);
      if (draws) expect(i).toBe(draws.length);
    },
  );

  test('every palette has its number of classes; drawing palettes with duplicates are named', () => {
    const duplicated = paletteNames.filter((name) => checkPalette(namedPalette(name).palette).near.length);
    expect(duplicated).toEqual([
      'ade20k',
      'pascal-context-59',
      'pascal-context-60',
      'coco-stuff-171',
      'gss-scannet-20',
    ]);
    const sizes = Object.fromEntries(paletteNames.map((name) => [name, namedPalette(name).palette.length]));
    expect(sizes).toMatchObject({
      cityscapes: 19,
      ade20k: 150,
      voc: 21,
      'camvid-11': 11,
      'coco-stuff-171': 171,
      'scannet-20': 20,
    });
    for (const name of paletteNames) {
      const count = /-(\d+)(?:-|$)/.exec(name)?.[1];
      if (count) expect(sizes[name]).toBe(Number(count));
    }
  });
});
