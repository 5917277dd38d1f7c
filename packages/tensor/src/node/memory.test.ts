import { freemem } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, expect, test, vi } from 'vitest';
import { freeMemory } from './index.js';

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  freemem: vi.fn(() => 2 ** 30),
}));
const GiB = 2 ** 30;
const free = vi.mocked(freemem);
afterEach(() => vi.restoreAllMocks());

test('half of what is free', async () => {
  await tf.setBackend('cpu');
  free.mockReturnValue(3 * GiB);
  expect(freeMemory()).toEqual({ bytes: 1.5 * GiB, rule: 'half of the 3.0 GiB that are free' });
});
test('no more than the container leaves', async () => {
  await tf.setBackend('cpu');
  free.mockReturnValue(64 * GiB);
  const rss = process.memoryUsage.rss();
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(rss + 2 * GiB);
  const { bytes } = freeMemory();
  expect(Math.abs(bytes - GiB)).toBeLessThan(0.2 * GiB); // the process has grown a little meanwhile
});
test('on wasm no more than half of what its address space has left', async () => {
  await tf.setBackend('wasm');
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(0);
  free.mockReturnValue(64 * GiB);
  const kept = tf.zeros([2 ** 20]);
  expect(freeMemory().bytes).toBe(Math.floor((4 * GiB - tf.memory().numBytes) / 2));
  expect(freeMemory().rule).toContain('wasm');
  kept.dispose();
  free.mockReturnValue(GiB);
  expect(freeMemory().bytes).toBe(GiB / 2);
});
test('a GPU is refused instead of guessed', async () => {
  await tf.setBackend('cpu');
  const onGpu = Object.assign(tf.backend(), { isUsingGpuDevice: true });
  expect(() => freeMemory()).toThrow('Pass the bytes');
  onGpu.isUsingGpuDevice = false;
  expect(freeMemory().bytes).toBeGreaterThan(0);
});
