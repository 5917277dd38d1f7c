import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { isOwnKernel, output, type WasmBackend } from './backend.js';
import { registerWasmKernels } from './index.js';
import { instantiateKernels, kernelBytes } from './module.js';
import './test-backends.js';

describe('the embedded module', () => {
  test('is what its sources compile to', () => {
    const script = fileURLToPath(new URL('../../../scripts/build-kernels.mjs', import.meta.url));
    const built = spawnSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
    expect(built.stderr).toBe('');
    expect(built.stdout).toBe(readFileSync(new URL('./module.generated.ts', import.meta.url), 'utf8'));
  }, 300_000);

  test('is smaller than 40 kB', () => {
    expect(kernelBytes(false).length).toBeLessThan(40_000);
  });

  test.each([false, true])('works on a memory that is shared: %s, and goes on after it has grown', (shared) => {
    const limits = { initial: 16, maximum: 65536, shared };
    const memory = new WebAssembly.Memory(shared ? limits : { initial: 16 });
    const { exp } = instantiateKernels(memory);
    const run = (place: number) => {
      new Float32Array(memory.buffer, place, 5).set([0, 1, 2, 3, 4]);
      exp(place, place + 32, 5);
      const values = [...new Float32Array(memory.buffer, place + 32, 5)];
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(Math.exp(i), 4);
    };
    run(1024);
    memory.grow(16);
    run(20 * 65536);
  });
});

describe('registerWasmKernels', () => {
  test('names what it registered and changes nothing the second time', () => {
    const names = registerWasmKernels().registered;
    const kernels = names.map((name) => tf.getKernel(name, 'wasm'));
    expect(kernels.every(isOwnKernel)).toBe(true);
    expect(registerWasmKernels()).toEqual({ registered: names });
    expect(names.map((name) => tf.getKernel(name, 'wasm'))).toEqual(kernels);
  });

  test('leaves the other backends alone', () => {
    for (const name of registerWasmKernels().registered) {
      const other = tf.getKernel(name, 'cpu');
      if (other) expect(isOwnKernel(other)).toBe(false);
    }
  });

  test('says so when the engine has no SIMD', () => {
    const validate = WebAssembly.validate;
    WebAssembly.validate = () => false;
    try {
      const { registered, reason } = registerWasmKernels();
      expect(registered).toEqual([]);
      expect(reason).toMatch(/SIMD/);
    } finally {
      WebAssembly.validate = validate;
    }
  });
});

test('a full heap is an error that says what to do, not a tensor at address 0', () => {
  const disposed: object[] = [];
  const backend = {
    makeOutput: (shape: number[], dtype: tf.DataType) => ({ dataId: { id: 1 }, shape, dtype }),
    dataIdMap: { get: () => ({ id: 1, memoryOffset: 0 }) },
    disposeData: (id: object) => disposed.push(id),
  } as unknown as WasmBackend;
  expect(() => output(backend, [2, 3])).toThrow(/no 24 bytes left.*smaller batch/);
  expect(disposed).toEqual([{ id: 1 }]);
  expect(output(backend, [0, 3]).shape).toEqual([0, 3]);
});
