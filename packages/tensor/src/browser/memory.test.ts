import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freeMemory } from './index.js';

const GiB = 2 ** 30;
beforeEach(() => tf.setBackend('cpu'));
afterEach(() => vi.unstubAllGlobals());

test('a quarter of what the device has', () => {
  vi.stubGlobal('navigator', { deviceMemory: 8 });
  expect(freeMemory()).toEqual({ bytes: 2 * GiB, rule: 'a quarter of the 8 GiB that this device has at least' });
});
test('says so where it assumes', () => {
  vi.stubGlobal('navigator', {});
  expect(freeMemory()).toEqual({ bytes: GiB, rule: 'a quarter of the 4 GiB that this device is assumed to have' });
});
test('WebGPU binds no larger buffers than its adapter', async () => {
  vi.stubGlobal('navigator', { deviceMemory: 8 });
  const limits = { maxBufferSize: GiB / 4, maxStorageBufferBindingSize: GiB / 8 };
  const adapter = Object.assign(Object.create(tf.backend()), { device: { limits } });
  tf.registerBackend('webgpu', () => adapter);
  await tf.setBackend('webgpu');
  expect(freeMemory().bytes).toBe((5 * GiB) / 8);
  expect(freeMemory().rule).toContain('largest buffers');
});
test('wasm has 4 GiB', async () => {
  vi.stubGlobal('navigator', { deviceMemory: 64 });
  await tf.setBackend('wasm');
  expect(freeMemory().bytes).toBe(Math.floor((4 * GiB - tf.memory().numBytes) / 2));
});
