import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeTestModel, tinyConfig } from '../test-model.js';
import { needGradients } from './gradients.js';
import { createHost } from './host.js';

const size = { width: 16, height: 16 }; // the cpu backend does 0.1 GFLOPS
const folder = mkdtempSync(join(tmpdir(), 'gss-gradients-'));
beforeAll(() => vi.stubGlobal('ImageBitmap', class {})); // what Node lacks of a worker
afterAll(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true, force: true });
});

/** The losses of learning on a fresh model. */
async function learn(): Promise<number[]> {
  const host = createHost();
  const losses: number[] = [];
  const progress = (_step: number, loss: number) => losses.push(loss);
  const context = { signal: new AbortController().signal, progress };
  const files = ['config.json', 'model.safetensors'].map((name) => new File([readFileSync(join(folder, name))], name));
  await host.load({ source: files }, { ...context, progress: () => undefined });
  const pixels = size.width * size.height;
  const data = Uint8ClampedArray.from({ length: 4 * pixels }, (_, i) => (i * 37) % 256);
  const image = { ...size, data } as unknown as ImageData;
  const labels = { ...size, data: new Uint8Array(pixels).map((_, i) => i % 3) };
  await host.learn({ examples: [{ image, labels }], steps: 2, lr: 0.05 }, context);
  await host.unload({}, context);
  return losses;
}

// cpu composes its layers as WebGPU and WebGL do; the fused ones of wasm bring gradients of their own.
test('learning needs no gradient of tfjs but these, and learns the same', { timeout: 600_000 }, async () => {
  await tf.setBackend('cpu');
  (await makeTestModel(folder, tinyConfig)).dispose();
  const all = await learn();
  expect(all.at(-1)).toBeLessThan(all[0]!);
  const known = tf.getKernelsForBackend('cpu').filter(({ kernelName }) => tf.getGradient(kernelName));
  expect(known.length).toBeGreaterThan(60);
  for (const { kernelName } of known) tf.unregisterGradient(kernelName);
  needGradients();
  needGradients();
  const left = known.filter(({ kernelName }) => tf.getGradient(kernelName));
  expect(left.length).toBeGreaterThan(15);
  expect(left.length).toBeLessThan(30);
  expect(await learn()).toEqual(all);
});
