import { fc, test } from '@fast-check/vitest';
import { maximalDistancePalette, type Palette } from '@gss/maskige';
import { randomPalette } from '@gss/maskige/design';
import {
  downAndUp,
  formatRobustness,
  gaussianBlur,
  gaussianNoise,
  robustnessReport,
  sampleMap,
  swatch,
} from '@gss/maskige/report';
import { describe, expect } from 'vitest';

const sizes = fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }));

describe('degradations', () => {
  test.prop([sizes, fc.nat(255), fc.constantFrom(0.5, 1, 2, 3)])(
    'an even image stays even',
    ([width, height], v, level) => {
      const image = { data: new Uint8Array(width * height * 3).fill(v), width, height };
      expect([...gaussianBlur(image, level).data]).toEqual([...image.data]);
      expect([...downAndUp(image, 1 + level).data]).toEqual([...image.data]);
    },
  );

  test('no level, no change', () => {
    const image = { data: Uint8Array.from({ length: 300 }, (_, i) => (i * 77) % 256), width: 10, height: 10 };
    for (const same of [gaussianBlur(image, 0), downAndUp(image, 1), gaussianNoise(image, 0)]) {
      expect([...same.data]).toEqual([...image.data]);
    }
  });

  test('noise has the deviation asked for, and the seed decides it', () => {
    const image = { data: new Uint8Array(60000).fill(128), width: 200, height: 100 };
    const data = Array.from(gaussianNoise(image, 10, 3).data);
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length);
    expect(mean).toBeCloseTo(128, 0);
    expect(Math.abs(deviation - 10)).toBeLessThan(0.2);
    expect([...gaussianNoise(image, 10, 3).data]).toEqual(data);
    expect([...gaussianNoise(image, 10, 4).data]).not.toEqual(data);
  });

  test('halving averages two by two', () => {
    const data = Uint8Array.of(0, 0, 0, 100, 100, 100, 40, 40, 40, 60, 60, 60);
    expect([...downAndUp({ data, width: 2, height: 2 }, 2).data]).toEqual(Array(12).fill(50));
  });
});

describe('the report', () => {
  const map = sampleMap(12, 60, 40);

  test('nothing is lost untouched; far-apart colours survive noise that random ones do not', async () => {
    const options = { noise: [30], blur: [1], scale: [2] };
    const ours = await robustnessReport(map, maximalDistancePalette(12), options);
    const random = await robustnessReport(map, randomPalette(12), { ...options, force: true });
    expect(ours.map(({ degradation, level }) => [degradation, level])).toEqual([
      ['none', 0],
      ['noise', 30],
      ['blur', 1],
      ['scale', 2],
    ]);
    expect(ours[0]).toMatchObject({ accuracy: 100, mIoU: 100 });
    expect(ours[1]!.accuracy).toBeGreaterThan(random[1]!.accuracy + 5);
    const text = formatRobustness({ ours, random });
    expect(text.split('\n')).toHaveLength(5);
    expect(text).toMatch(/^none +100\.00 +100\.00$/m);
  });

  test('counts as defined, without ignored pixels, through a codec of the caller', async () => {
    const palette: Palette = [
      [0, 0, 255],
      [255, 0, 0],
    ];
    const small = { data: Uint8Array.of(0, 0, 1, 255), width: 4, height: 1 };
    const rows: unknown[] = [];
    await robustnessReport(small, palette, {
      noise: [],
      blur: [],
      scale: [],
      quality: [50],
      ignore: 255,
      jpeg: async () => ({ data: Uint8Array.of(0, 0, 255, 255, 0, 0, 255, 0, 0, 255, 0, 0), width: 4, height: 1 }),
      onRow: (row) => rows.push(row),
    });
    const [, jpeg] = rows as { accuracy: number; mIoU: number }[];
    expect(jpeg!.accuracy).toBeCloseTo(200 / 3, 9);
    expect(jpeg!.mIoU).toBeCloseTo(50, 9);
  });
});

describe('pictures', () => {
  test('a swatch shows each colour in its square, with its number', () => {
    const palette = maximalDistancePalette(12);
    const { data, width, height } = swatch(palette, { cell: 20, columns: 5 });
    expect([width, height]).toEqual([100, 60]);
    palette.forEach((color, k) => {
      const at = 3 * ((Math.floor(k / 5) * 20 + 18) * width + (k % 5) * 20 + 18);
      expect([...data.slice(at, at + 3)]).toEqual(color);
    });
    const ink = (x: number, y: number) =>
      String(data.slice(3 * (y * width + x), 3 * (y * width + x) + 3)) !== String(palette[7]);
    // 7: a bar and a stroke
    expect([ink(43, 23), ink(44, 23), ink(45, 23), ink(43, 25)]).toEqual([true, true, true, false]);
  });

  test('a sample map has every class', () => {
    expect(new Set(sampleMap(100, 200, 150).data).size).toBe(100);
    expect(sampleMap(300, 10, 10).data).toBeInstanceOf(Uint16Array);
  });
});
