import { fc, test as property } from '@fast-check/vitest';
import { certainty, convArgMax } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { hasFused } from '../fused.js';
import { memoryOf, type WasmBackend } from './backend.js';
import { expectAsOnCpu, noise, runOn } from './test-backends.js';

/** Small whole numbers, whose products are exact, with many equal ones among them. */
const whole = (shape: number[], seed: number) => tf.round(tf.mul(noise(shape, seed), 2));

const onlyWasm = async (make: () => tf.Tensor) => (await runOn('wasm', make))[0]!;

describe('convArgMax', () => {
  const inputs = ([B, H, W, C, V]: number[], seed: number, make = whole) =>
    [make([B!, H!, W!, C!], seed), make([1, 1, C!, V!], seed + 1), make([V!], seed + 2)] as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor1D,
    ];
  const plain = (shape: number[], seed: number) => () => {
    const [x, weight, bias] = inputs(shape, seed);
    return tf.argMax(tf.add(tf.conv2d(x, weight, 1, 'same'), bias), 3);
  };
  const ours = (shape: number[], seed: number) => () => {
    const [x, weight, bias] = inputs(shape, seed);
    return convArgMax(x, { weight, bias });
  };
  const equal = async (shape: number[], seed: number) => {
    const [expected] = await runOn('cpu', plain(shape, seed));
    expect(await onlyWasm(ours(shape, seed))).toEqual(expected);
  };

  // Columns go in blocks of 256, depths in blocks of 256, rows in blocks of 100, tiles are 4 × 8.
  test.each([
    [[1, 1, 1, 1, 1]],
    [[1, 3, 7, 5, 2]],
    [[2, 9, 11, 3, 255]],
    [[1, 10, 10, 17, 256]],
    [[1, 10, 11, 16, 257]],
    [[1, 5, 5, 256, 9]],
    [[1, 3, 35, 257, 513]],
    [[3, 1, 1, 600, 12]],
    [[0, 4, 4, 8, 8]],
  ])('equals convolution and arg max for %j, the first on a tie', async (shape) => equal(shape, 7));

  const side = (max: number) => fc.integer({ min: 1, max });
  property.prop([fc.tuple(side(2), side(9), side(9), side(40), side(70)), fc.nat(1e6)], { numRuns: 60 })(
    'equals convolution and arg max for odd sizes',
    equal,
  );

  test('runs as one kernel that stores no channels', async () => {
    await tf.setBackend('wasm');
    expect(hasFused('GssLinearArgMax')).toBe(true);
    const [x, weight, bias] = inputs([1, 8, 8, 16, 1024], 1);
    const { peakBytes, kernelNames } = await tf.profile(() => convArgMax(x, { weight, bias }));
    expect(kernelNames).toContain('GssLinearArgMax');
    expect(kernelNames).not.toContain('FusedConv2D');
    expect(peakBytes - tf.memory().numBytes).toBeLessThan(8 * 8 * 1024 * 4);
    tf.dispose([x, weight, bias]);
  });

  test('takes a convolution without a bias, and a larger one', async () => {
    const shape = [1, 5, 6, 4, 33];
    await expectAsOnCpu(() => {
      const [x, weight] = inputs(shape, 3);
      return convArgMax(x, { weight });
    }, 0);
    await expectAsOnCpu(() => {
      const [x, , bias] = inputs(shape, 3);
      return convArgMax(x, { weight: whole([3, 3, 4, 33], 5) as tf.Tensor4D, bias });
    }, 0);
  });

  test('the threaded build multiplies by the kernels of tfjs, with the same result', async () => {
    await tf.setBackend('wasm');
    const { wasm } = tf.backend() as unknown as WasmBackend;
    Object.assign(wasm, { wasmMemory: memoryOf(tf.backend() as unknown as WasmBackend) }); // what tells the builds apart
    try {
      for (const shape of [
        [1, 9, 11, 17, 70],
        [0, 4, 4, 8, 8],
      ])
        await equal(shape, 5);
    } finally {
      Object.assign(wasm, { wasmMemory: undefined });
    }
  });

  test('NaN never wins, and a row of nothing else gets 0', async () => {
    const places = await onlyWasm(() => {
      const weight = tf.tensor4d([Number.NaN, 1, 3, 3, Number.NaN, Number.NEGATIVE_INFINITY], [1, 1, 1, 6]);
      return convArgMax(tf.tensor4d([1, Number.NaN], [1, 1, 2, 1]), { weight });
    });
    expect([...places]).toEqual([2, 0]);
  });

  test('refuses what is not float32', async () => {
    await tf.setBackend('wasm');
    const weight = tf.ones([1, 1, 1, 2]) as tf.Tensor4D;
    const x = tf.ones([1, 1, 1, 1], 'int32') as tf.Tensor4D;
    expect(() => tf.tidy(() => convArgMax(x, { weight }))).toThrow(/GssLinearArgMax.*float32/);
    tf.dispose([weight, x]);
  });
});

describe('certainty', () => {
  const of = (shape: number[], seed: number, scale: number) => () => certainty(tf.mul(noise(shape, seed), scale));

  const shape = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2, max: 140 }));
  property.prop([shape, fc.nat(1e6), fc.constantFrom(0, 0.1, 3, 100)], { numRuns: 60 })(
    'equals its composition for odd sizes, flat and peaked rows',
    async (shape, seed, scale) => expectAsOnCpu(of([...shape], seed, scale), 2e-6),
  );

  test('of a map of many codes', async () => expectAsOnCpu(of([2, 5, 7, 1031], 3, 8), 2e-6));

  test('is 0 for equal logits, 1 for one that is alone, and one code of −∞ has no share', async () => {
    const lone = [100, ...Array(6).fill(-100)];
    const half = [0, 0, ...Array(5).fill(Number.NEGATIVE_INFINITY)];
    const values = await onlyWasm(() => certainty(tf.tensor2d([Array(7).fill(3), lone, half])));
    for (const [i, value] of [0, 1, 1 - Math.log(2) / Math.log(7)].entries()) expect(values[i]).toBeCloseTo(value, 5);
  });

  test('is NaN where a logit is, and there alone', async () => {
    const values = await onlyWasm(() => certainty(tf.tensor2d([1, 2, Number.NaN, 4, 1, 2, 3, 4], [2, 4])));
    expect(values[0]).toBeNaN();
    expect(values[1]).toBeGreaterThan(0);
  });

  test('has a gradient under a tape', async () => {
    const gradient = () => tf.grad((x) => tf.sum(certainty(x)))(noise([3, 5], 2));
    await expectAsOnCpu(gradient, 1e-5);
    expect((await onlyWasm(gradient)).some((value) => value !== 0)).toBe(true);
  });
});
