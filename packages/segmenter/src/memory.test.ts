import { createSegmenter, estimateMemory, modelSpec, OutOfMemoryError } from '@gss/segmenter';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explainMemory, fittingWindow } from './memory.js';

const { model } = preset('nano', { classes: 3 });
let segmenter: ReturnType<typeof createSegmenter>;
beforeAll(async () => {
  await tf.setBackend('cpu');
  segmenter = createSegmenter(model, initParams(modelSpec(model), createRng(0)));
});

const kernel = 'RealDiv'; // of normalize, the first of all
const stock = () => tf.getKernel(kernel, 'cpu')!;
let kept: ReturnType<typeof stock>;
function failWith(message: string) {
  kept ??= stock();
  tf.unregisterKernel(kernel, 'cpu');
  tf.registerKernel({
    ...kept,
    kernelFunc() {
      throw new Error(message);
    },
  });
}
afterAll(() => {
  tf.unregisterKernel(kernel, 'cpu');
  tf.registerKernel(kept);
  segmenter.dispose();
});

// As TensorFlow, WebAssembly, JavaScript and WebGL put it.
test.each([
  'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[1,512,512,64]',
  'OOM when allocating tensor with shape[1,512,512,64] and type float',
  'memory access out of bounds',
  'Aborted(OOM). Build with -sASSERTIONS for more info.',
  'Array buffer allocation failed',
  'Invalid typed array length: 5368709120',
  'Requested texture size [20000x20000] greater than WebGL maximum on this browser / GPU [16384x16384].',
  'Buffer size (9663676416) exceeds the max buffer size limit (4294967296).',
])('%s: says what would fit, and leaves nothing behind', async (message) => {
  const before = tf.memory().numTensors;
  failWith(message);
  const image = { data: new Uint8Array(320 * 256 * 3), width: 320, height: 256 };
  const failed = segmenter.predict(image);
  await expect(failed).rejects.toBeInstanceOf(OutOfMemoryError);
  await expect(failed).rejects.toThrow(/memory for 256 × 320 \(nano holds about 0\.1 GiB.*cpu has none left/);
  await expect(failed).rejects.toThrow(/windows of 192 × 192.*crop: \[192, 192\], stride: \[128, 128\]/);
  await expect(segmenter.predict([image, image])).rejects.toThrow(/for 2 images of 256 × 320.*Take batchSize: 1, or/);
  expect(tf.memory().numTensors).toBe(before);
  failWith('something else');
  await expect(segmenter.predict(image)).rejects.toThrow(/^something else$/);
});

test('windows that are too large are answered with smaller ones', () => {
  const slide = { mode: 'slide', crop: [1024, 1024], stride: [512, 512] } as const;
  const error = explainMemory(new Error('out of memory'), model, [4096, 2048], 1, slide) as Error;
  expect(error.message).toMatch(/4096 × 2048 by windows of 1024 × 1024 .*windows of 704 × 704/);
});

test('a window fits into the memory that it was chosen for', () => {
  for (const available of [2 ** 27, 2 ** 30]) {
    const side = fittingWindow(model, available);
    expect(estimateMemory(model, [side, side])).toBeLessThanOrEqual(available);
    expect(estimateMemory(model, [side + 64, side + 64])).toBeGreaterThan(available);
  }
  expect(fittingWindow(model, 1)).toBe(64);
});
