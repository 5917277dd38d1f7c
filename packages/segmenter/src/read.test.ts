import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Packing, pack, packing, readLabels, readMaskige, unpack } from './read.js';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => vi.restoreAllMocks());

test('packing takes as many numbers as a float holds exactly', () => {
  expect(packing(11, 'webgpu')).toEqual({ count: 6, bits: 4 });
  expect(packing(19, 'webgl')).toEqual({ count: 4, bits: 5 });
  expect(packing(150, 'webgpu')).toEqual({ count: 3, bits: 8 });
  expect(packing(256, 'webgpu')).toEqual({ count: 3, bits: 8 });
  expect(packing(8192, 'webgpu')).toEqual({ count: 1, bits: 13 });
  for (const backend of ['cpu', 'wasm', 'tensorflow']) expect(packing(11, backend).count).toBe(1);
  vi.spyOn(tf.backend(), 'floatPrecision').mockReturnValue(16);
  expect(packing(11, 'webgl')).toEqual({ count: 2, bits: 4 });
  expect(packing(150, 'webgl').count).toBe(1);
});

test('what is packed comes back', () => {
  const anything = fc.integer({ min: 2, max: 4096 }).chain((limit) =>
    fc.record({
      limit: fc.constant(limit),
      numbers: fc.array(fc.integer({ min: 0, max: limit - 1 }), { minLength: 1, maxLength: 40 }),
    }),
  );
  fc.assert(
    fc.property(anything, ({ limit, numbers }) => {
      const how = packing(limit, 'webgpu');
      const packed = tf.tidy(() => pack(tf.tensor1d(numbers, 'int32'), how));
      expect(packed.shape).toEqual([Math.ceil(numbers.length / how.count)]);
      const values = packed.dataSync<'float32'>();
      packed.dispose();
      expect([...unpack(values, how, new Uint16Array(numbers.length))]).toEqual(numbers);
    }),
  );
});

test('labels and maskiges are the same bytes whether packed or not, and leave nothing', async () => {
  const before = tf.memory().numTensors;
  const labels = tf.randomUniform([1, 7, 9], 0, 150, 'int32', 1) as tf.Tensor3D;
  const maskige = tf.randomUniform([1, 7, 9, 3], -0.1, 1.1, 'float32', 2) as tf.Tensor4D;
  const all = async (classes: Packing, colours: Packing) => [
    await readLabels(() => labels.clone(), 150, classes),
    await readMaskige(maskige, colours),
  ];
  const plain = await all(packing(150), packing(256));
  expect(plain[0]!.data).toBeInstanceOf(Uint8Array);
  expect(plain[1]!.data).toBeInstanceOf(Uint8ClampedArray);
  expect([...plain[0]!.data]).toEqual([...labels.dataSync()]);
  const sizes: number[] = [];
  vi.spyOn(tf.Tensor.prototype, 'data').mockImplementation(async function (this: tf.Tensor) {
    sizes.push(this.size);
    return this.dataSync();
  });
  expect(await all(packing(150, 'webgpu'), packing(256, 'webgpu'))).toEqual(plain);
  expect(sizes).toEqual([21, 63]); // of 63 labels and 189 bytes
  tf.dispose([labels, maskige]);
  expect(tf.memory().numTensors).toBe(before);
});
