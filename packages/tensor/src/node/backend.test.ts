import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test } from 'vitest';
import { selectBackend } from './index.js';

const before = process.env.GSS_BACKEND;
afterEach(() => {
  if (before === undefined) delete process.env.GSS_BACKEND;
  else process.env.GSS_BACKEND = before;
});

test('takes the backend that is asked for and says what it runs on', async () => {
  const choice = await selectBackend({ backend: 'wasm' });
  expect(choice.backend).toBe('wasm');
  expect(choice.device).toMatch(/^CPU, \d+ thread/);
  expect(tf.getBackend()).toBe('wasm');
});

test('GSS_BACKEND forces one', async () => {
  process.env.GSS_BACKEND = 'cpu';
  expect((await selectBackend()).backend).toBe('cpu');
});

test('refuses a name that is no backend, naming those that are', async () => {
  process.env.GSS_BACKEND = 'cuda';
  await expect(selectBackend()).rejects.toThrow(/no backend "cuda".*tensorflow, webgpu, wasm, cpu/);
});

test('an asked-for backend that cannot be had is an error, not another backend', async () => {
  await expect(selectBackend({ backend: 'webgpu' })).rejects.toThrow(/the webgpu backend cannot be had: /);
});

test('left alone, it takes the first that starts and lists what is there', async () => {
  delete process.env.GSS_BACKEND;
  const choice = await selectBackend({ probeAll: true });
  expect(choice.available[0]).toBe(choice.backend);
  expect(choice.available).toContain('wasm');
  expect(choice.available).toContain('cpu');
  if (choice.backend !== 'tensorflow') expect(choice.advice.join()).toMatch(/gss native install/);
});
