import { expect, test } from 'vitest';
import { sumUp, workerChunkName } from './size.js';

test('names chunks of the worker by backend', () => {
  const name = (...moduleIds: string[]) => workerChunkName({ moduleIds });
  expect(name('/x/tfjs-backend-webgl/dist/a.js')).toBe('assets/engine-webgl-[name]-[hash].js');
  expect(name('/x/tfjs-backend-webgl/a.js', '/x/tfjs-backend-webgpu/b.js')).toBe('assets/engine-[name]-[hash].js');
  expect(name('/src/serve.ts')).toBe('assets/engine-[name]-[hash].js');
});

test('adds the page, the engine and the largest backend', () => {
  const total = sumUp([
    { fileName: 'assets/index-1.js', bytes: 10 },
    { fileName: 'sw.js', bytes: 1 },
    { fileName: 'assets/engine-serve-1.js', bytes: 100 },
    { fileName: 'assets/engine-webgl-dist-1.js', bytes: 50 },
    { fileName: 'assets/engine-webgpu-dist-1.js', bytes: 60 },
    { fileName: 'assets/engine-wasm-dist-1.js', bytes: 5 },
  ]);
  expect(total).toMatchObject({ page: 11, engine: 100, used: 171, all: 226 });
});
