import { type DType, fromFloat32, select, type TypedArray, toFloat32 } from '@gss/checkpoint';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const read = (dtype: DType, data: TypedArray) => toFloat32({ dtype, shape: [data.length], data });
const f16 = (value: number) => (fromFloat32(Float32Array.of(value), 'F16') as Uint16Array)[0] as number;
const bf16 = (value: number) => (fromFloat32(Float32Array.of(value), 'BF16') as Uint16Array)[0] as number;
const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a half by its definition (IEEE 754-2008 §3.4). */
function halfByDefinition(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

describe('F16', () => {
  test('every half is read by its definition and written back', () => {
    const values = read('F16', everyHalf);
    expect(values).toEqual(Float32Array.from(everyHalf, halfByDefinition));
    const back = fromFloat32(values, 'F16') as Uint16Array;
    const wrong = everyHalf.filter((bits) => !Number.isNaN(halfByDefinition(bits)) && back[bits] !== bits);
    expect(wrong).toEqual(new Uint16Array(0));
    const lostNaN = everyHalf.filter(
      (bits) => Number.isNaN(halfByDefinition(bits)) && !((back[bits] as number) & 0x3ff),
    );
    expect(lostNaN).toEqual(new Uint16Array(0));
  });

  test('rounds to the nearest, ties to even', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65519, max: 65519 }), (value) => {
        const got = halfByDefinition(f16(value));
        const around = [-1, 1].map((step) => halfByDefinition(f16(got) + step)).filter(Number.isFinite);
        for (const other of around) {
          expect(Math.abs(got - value)).toBeLessThanOrEqual(Math.abs(other - value));
          if (Math.abs(got - value) === Math.abs(other - value) && other !== got) expect(f16(value) & 1).toBe(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [1, 0x3c00],
    [-0, 0x8000],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [1e30, 0x7c00],
    [-65536, 0xfc00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -25 * 1.0001, 1],
    [3 * 2 ** -25, 2],
    [2 ** -14 - 2 ** -26, 0x400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ])('%d becomes 0x%s', (value, bits) => expect(f16(value)).toBe(bits));
});

describe('BF16', () => {
  test('every bfloat16 is written back as it was', () => {
    const back = fromFloat32(read('BF16', everyHalf), 'BF16') as Uint16Array;
    const wrong = everyHalf.filter((bits) => (bits & 0x7fff) <= 0x7f80 && back[bits] !== bits);
    expect(wrong).toEqual(new Uint16Array(0));
    expect(read('BF16', Uint16Array.of(0x3f80, 0xc040))).toEqual(Float32Array.of(1, -3));
  });

  test.each([
    [1 + 2 ** -8, 0x3f80],
    [1 + 2 ** -8 + 2 ** -20, 0x3f81],
    [1 + 3 * 2 ** -8, 0x3f82],
    [3.4028234663852886e38, 0x7f80],
    [Number.NEGATIVE_INFINITY, 0xff80],
    [1e-45, 0],
  ])('%d becomes 0x%s', (value, bits) => expect(bf16(value)).toBe(bits));

  test('NaN stays NaN', () => {
    expect(read('BF16', fromFloat32(Float32Array.of(Number.NaN), 'BF16'))[0]).toBeNaN();
    const lowPayload = new Float32Array(Uint32Array.of(0x7f800001).buffer);
    expect(read('BF16', fromFloat32(lowPayload, 'BF16'))[0]).toBeNaN();
    expect(read('F16', fromFloat32(lowPayload, 'F16'))[0]).toBeNaN();
  });
});

describe('other types', () => {
  test('toFloat32', () => {
    expect(read('I64', BigInt64Array.of(-5n, 2n ** 40n))).toEqual(Float32Array.of(-5, 2 ** 40));
    expect(read('F64', Float64Array.of(0.1))).toEqual(Float32Array.of(0.1));
    expect(read('I8', Int8Array.of(-128))).toEqual(Float32Array.of(-128));
    expect(read('BOOL', Uint8Array.of(0, 1, 255))).toEqual(Float32Array.of(0, 1, 1));
    const same = Float32Array.of(1);
    expect(read('F32', same)).toBe(same);
    expect(() => read('F16', new Float32Array(1))).toThrow(/expected the data of F16 in Uint16Array, got Float32Array/);
  });

  test('fromFloat32 and back', () => {
    for (const dtype of ['I64', 'I32', 'I16', 'I8', 'U8', 'BOOL', 'F64', 'F32'] as const)
      expect(read(dtype, fromFloat32(Float32Array.of(0, 1), dtype))).toEqual(Float32Array.of(0, 1));
    const largest = 2 ** 63 - 2 ** 39;
    expect(fromFloat32(Float32Array.of(largest), 'I64')).toEqual(BigInt64Array.of(BigInt(largest)));
  });

  test.each<[number, DType]>([
    [0.5, 'I32'],
    [256, 'U8'],
    [2 ** 63, 'I64'],
    [2 ** 31, 'I32'],
    [Number.NaN, 'I8'],
    [2, 'BOOL'],
    [-1, 'U8'],
  ])('fromFloat32 refuses %d as %s', (value, dtype) =>
    expect(() => fromFloat32(Float32Array.of(0, value), dtype)).toThrow(/expected integers from .* at index 1/),
  );
});

test('select cuts a prefix off, in order', () => {
  const weights = new Map([
    ['b.z', 1],
    ['a.x', 2],
    ['b.a', 3],
    ['bb', 4],
  ]);
  expect([...select(weights, 'b.')]).toEqual([
    ['z', 1],
    ['a', 3],
  ]);
});
