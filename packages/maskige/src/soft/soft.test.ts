import { fc, test } from '@fast-check/vitest';
import { crop, decode, maximalDistancePalette, type Palette } from '@gss/maskige';
import {
  argmax,
  betaOf,
  decodeWithConfidence,
  leastSquares,
  linearDecode,
  linearEncode,
  squaredDistances,
} from '@gss/maskige/soft';
import { describe, expect } from 'vitest';

const colors = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
const palettes = fc.array(colors, { minLength: 1, maxLength: 60 });
const values = fc.array(fc.double({ min: -10, max: 270, noNaN: true }), { minLength: 3, maxLength: 60 });
const imageOf = (list: number[]) => {
  const width = Math.floor(list.length / 3);
  return { data: Float64Array.from(list.slice(0, 3 * width)), width, height: 1 };
};

describe('soft decoding', () => {
  test.prop([palettes, values])(
    'the least distance is the label, the two least are the confidence',
    (palette, list) => {
      const image = imageOf(list);
      const K = palette.length;
      const options = { force: true };
      const { data } = squaredDistances(image, palette, options);
      const { labels, confidence, margin } = decodeWithConfidence(image, palette, options);
      expect(labels).toEqual(decode(image, palette, options));
      for (let i = 0; i < image.width; i++) {
        const sorted = [...data.subarray(i * K, (i + 1) * K)].sort((a, b) => a - b);
        const [near, far] = [Math.sqrt(sorted[0]!), Math.sqrt(sorted[1] ?? Number.POSITIVE_INFINITY)];
        expect(data[i * K + labels.data[i]!]).toBeCloseTo(sorted[0]!, 2);
        expect(confidence[i]).toBeCloseTo(far === 0 ? 0 : 1 - near / far, 3);
        if (K > 1) expect(margin[i]).toBeCloseTo(far - near, 2);
        else expect(margin[i]).toBe(Number.POSITIVE_INFINITY);
      }
    },
  );

  test('in every box of the cube and beyond its walls, in rows, from a rectangle into a rectangle', () => {
    const palette = maximalDistancePalette(40);
    const [width, height] = [64, 70];
    let state = 7;
    const data = Float32Array.from({ length: width * height * 4 }, (_, i) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return i % 64 < 4 ? [0, 17, 256][(state >>> 9) % 3]! : state >>> 24;
    });
    const image = { data, width, height, channels: 4 as const };
    const rectangle = { x: 2, y: 3, width: 60, height: 64 };
    const out = { data: new Uint8Array(width * height).fill(99), width, height };
    const { confidence, margin } = decodeWithConfidence(crop(image, rectangle), palette, { out: crop(out, rectangle) });
    expect(out.data.filter((v) => v === 99)).toHaveLength(width * height - 60 * 64);
    const distances = squaredDistances(crop(image, rectangle), palette).data;
    for (let i = 0; i < 60 * 64; i++) {
      const mine = distances.subarray(40 * i, 40 * (i + 1));
      const at = 4 * ((3 + Math.floor(i / 60)) * width + 2 + (i % 60));
      const exact = palette.map((c) => c.reduce((sum, v, j) => sum + (data[at + j]! - v) ** 2, 0));
      const [least, second] = [...exact].sort((a, b) => a - b).map(Math.sqrt);
      if (mine.some((d, k) => d !== exact[k])) throw new Error(`distances of pixel ${i}`);
      if (out.data[at / 4] !== exact.indexOf(Math.min(...exact))) throw new Error(`label of pixel ${i}`);
      if (Math.abs(margin[i]! - (second! - least!)) > 1e-3) throw new Error(`margin of pixel ${i}`);
      if (Math.abs(confidence[i]! - (1 - least! / second!)) > 1e-5) throw new Error(`confidence of pixel ${i}`);
    }
  });

  test('distances of chosen classes, in their order, into the caller’s buffer', () => {
    const palette: Palette = [
      [0, 0, 0],
      [10, 0, 0],
      [0, 20, 0],
    ];
    const image = { data: Uint8Array.of(0, 0, 0, 10, 20, 0), width: 2, height: 1 };
    const out = new Float32Array(5).fill(-1);
    const { data, classes } = squaredDistances(image, palette, { classes: [2, 1], out });
    expect(data).toBe(out);
    expect([...data]).toEqual([400, 100, 100, 400, -1]);
    expect(classes).toEqual([2, 1]);
  });

  test('confidence is 1 on a colour and 0 half-way', () => {
    const palette: Palette = [
      [0, 0, 0],
      [100, 0, 0],
    ];
    const image = { data: Uint8Array.of(100, 0, 0, 50, 0, 0, 25, 0, 0), width: 3, height: 1 };
    const { labels, confidence, margin } = decodeWithConfidence(image, palette, {
      ignore: 255,
      ignoreColor: [0, 255, 0],
    });
    expect([...labels.data]).toEqual([1, 0, 0]);
    expect([...confidence].map((v) => v.toFixed(4))).toEqual(['1.0000', '0.0000', '0.6667']);
    expect([...margin]).toEqual([100, 0, 50]);
    const close = decodeWithConfidence(
      { data: Uint8Array.of(1, 0, 0), width: 1, height: 1 },
      [palette[0]!, [1, 0, 0]],
      {
        force: true,
      },
    );
    expect([close.labels.data[0], close.confidence[0], close.margin[0]]).toEqual([1, 1, 1]);
  });
});

describe('the linear pair', () => {
  test('β†β is a projection: x = cβ comes back as the colours it was, for any c', () => {
    const beta = betaOf(maximalDistancePalette(30), 255);
    const c = { data: Float64Array.from({ length: 60 }, (_, i) => Math.sin(i)), rows: 2, columns: 30 };
    const x = linearEncode(c, beta);
    const again = linearEncode(linearDecode(x, leastSquares(beta)), beta);
    again.data.forEach((v, i) => {
      expect(v).toBeCloseTo(x.data[i]!, 9);
    });
  });

  test('three independent colours are decoded exactly', () => {
    const beta = betaOf([
      [200, 10, 0],
      [0, 180, 30],
      [5, 0, 250],
    ]);
    expect([...argmax(linearDecode(beta, leastSquares(beta)))]).toEqual([0, 1, 2]);
  });
});
