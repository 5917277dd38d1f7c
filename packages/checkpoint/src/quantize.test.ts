import { dequantize, dequantizeRows, quantizeRows, type StoredTensor } from '@gss/checkpoint';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

const weights = fc
  .record({ rows: fc.integer({ min: 0, max: 5 }), inner: fc.integer({ min: 1, max: 12 }) })
  .chain(({ rows, inner }) =>
    fc
      .array(fc.float({ noNaN: true, min: -(2 ** 120), max: 2 ** 120 }), {
        minLength: rows * inner,
        maxLength: rows * inner,
      })
      .map((data) => ({ shape: [rows, inner], data: Float32Array.from(data) })),
  );

test('every value comes back within half a scale of its row, down to the smallest float32 numbers', () => {
  fc.assert(
    fc.property(weights, ({ shape, data }) => {
      const quantized = quantizeRows(data, shape);
      const back = dequantizeRows(quantized).data;
      for (let i = 0; i < data.length; i++) {
        const scale = quantized.scale.data[Math.floor(i / shape[1]!)] as number;
        // 1e-5 of a scale is the rounding of the product to float32
        expect(Math.abs((back[i] as number) - data[i]!)).toBeLessThanOrEqual(scale * (0.5 + 1e-5));
        expect(Math.abs(quantized.values.data[i] as number)).toBeLessThanOrEqual(127);
      }
    }),
  );
});

test('quantising what was quantised changes no value', () => {
  fc.assert(
    fc.property(weights, ({ shape, data }) => {
      const once = quantizeRows(data, shape);
      expect(quantizeRows(dequantizeRows(once).data as Float32Array, shape).values.data).toEqual(once.values.data);
    }),
  );
});

test('rows have scales of their own', () => {
  const { values, scale } = quantizeRows(Float32Array.of(127, -63.5, 0.00127, 0), [2, 2]);
  expect([...values.data]).toEqual([127, -63, 127, 0]); // halves round up
  expect(scale.data[0]).toBe(1);
  expect(scale.data[1]).toBeCloseTo(1e-5, 10);
});

const f32 = (...data: number[]): StoredTensor => ({
  dtype: 'F32',
  shape: [data.length],
  data: Float32Array.from(data),
});
const i8: StoredTensor = { dtype: 'I8', shape: [2, 2], data: Int8Array.of(1, 2, 3, -4) };

test('dequantize makes F32 of I8, takes the scales away and leaves all else', () => {
  const bias = f32(5, 6);
  const scaleOfNothing = f32(7); // a parameter that is called scale
  const out = dequantize(
    new Map([
      ['w', i8],
      ['w.scale', f32(0.5, 2)],
      ['b', bias],
      ['norm.scale', scaleOfNothing],
    ]),
    'm',
  );
  expect([...out.keys()]).toEqual(['w', 'b', 'norm.scale']);
  expect(out.get('w')).toEqual({ dtype: 'F32', shape: [2, 2], data: Float32Array.of(0.5, 1, 6, -8) });
  expect(out.get('b')).toBe(bias);
  expect(out.get('norm.scale')).toBe(scaleOfNothing);
});

test.each<[string, [string, StoredTensor][], RegExp]>([
  [
    'a scale missing',
    [['w', i8]],
    /m, tensor "w": I8 values without their scales; expected a tensor w\.scale of F32 \[2\]/,
  ],
  [
    'a scale of another length',
    [
      ['w', i8],
      ['w.scale', f32(1)],
    ],
    /expected w\.scale as F32 \[2\], got F32 \[1\]/,
  ],
  [
    'a scale of another type',
    [
      ['w', i8],
      ['w.scale', { dtype: 'I16', shape: [2], data: new Int16Array(2) }],
    ],
    /got I16 \[2\]/,
  ],
  [
    'a scale that is no size',
    [
      ['w', i8],
      ['w.scale', f32(1, Number.NaN)],
    ],
    /positive numbers in w\.scale, got NaN at index 1/,
  ],
  [
    'a foreign scale',
    [
      ['w', f32(1, 2)],
      ['w.scale', f32(1, 1)],
    ],
    /tensor "w\.scale": a scale beside a tensor of F32/,
  ],
])('dequantize refuses %s', (_, entries, message) => {
  expect(() => dequantize(new Map(entries), 'm')).toThrow(message);
});

test('quantizeRows refuses what has no scale', () => {
  expect(() => quantizeRows(Float32Array.of(1, Number.NaN), [2], 'w')).toThrow(
    /tensor "w": expected finite .* NaN at index 1/,
  );
  expect(() => quantizeRows(Float32Array.of(1), [])).toThrow(/got a scalar/);
});
