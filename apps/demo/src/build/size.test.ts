import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { size, sumUp, workerChunkName } from './size.js';

test('names chunks of the worker by backend', () => {
  const name = (...moduleIds: string[]) => workerChunkName({ moduleIds });
  expect(name('/x/tfjs-backend-webgl/dist/a.js')).toBe('assets/engine-webgl-[name]-[hash].js');
  expect(name('/x/tfjs-backend-webgl/a.js', '/x/tfjs-backend-webgpu/b.js')).toBe('assets/engine-[name]-[hash].js');
  expect(name('/src/serve.ts')).toBe('assets/engine-[name]-[hash].js');
});

test('adds the page, the engine and every backend; .wasm files are told beside', () => {
  const total = sumUp([
    { fileName: 'assets/index-1.js', bytes: 10 },
    { fileName: 'sw.js', bytes: 1 },
    { fileName: 'assets/engine-serve-1.js', bytes: 100 },
    { fileName: 'assets/engine-webgl-dist-1.js', bytes: 50 },
    { fileName: 'assets/engine-webgpu-dist-1.js', bytes: 60 },
    { fileName: 'assets/engine-wasm-dist-1.js', bytes: 5 },
    { fileName: 'assets/tfjs-backend-wasm-1.wasm', bytes: 300 },
    { fileName: 'assets/tfjs-backend-wasm-simd-1.wasm', bytes: 400 },
  ]);
  expect(total).toMatchObject({ page: 11, engine: 100, all: 226, wasm: { builds: 2, largest: 400 } });
  expect(total.backends).toEqual([
    ['webgpu', 60],
    ['webgl', 50],
    ['wasm', 5],
  ]);
});

/** What the check of 10 kB says to files of the given kilobytes that do not compress. */
function check(kilobytes: Readonly<Record<string, number>>, modules: readonly string[] = []): string {
  let said = '';
  const bundle = Object.fromEntries(
    Object.entries(kilobytes).map(([fileName, size]) => {
      const source = randomBytes(1000 * size);
      const page = {
        type: 'chunk',
        fileName,
        code: source.toString('latin1'),
        modules: Object.fromEntries(modules.map((id) => [id, {}])),
      };
      return [fileName, fileName === 'assets/index.js' ? page : { type: 'asset', fileName, source }];
    }),
  );
  const context = {
    error: (message: string) => {
      throw new Error(message);
    },
    info: (message: string) => {
      said = message;
    },
  };
  (size({ kilobytes: 10 }).generateBundle as unknown as (this: typeof context, o: object, b: object) => void).call(
    context,
    {},
    bundle,
  );
  return said;
}

test('a build passes up to the limit, and fails above it by any backend that a visitor may never load', () => {
  const parts = { 'assets/engine-serve.js': 3, 'assets/engine-webgl-a.js': 3 };
  expect(check({ ...parts, 'assets/engine-wasm-a.js': 3, 'weights/a/model.js': 90, 'assets/b.wasm': 90 })).toMatch(
    /all code 9\.\d kB gzip, of 10 kB/,
  );
  expect(() => check({ ...parts, 'assets/engine-wasm-a.js': 5 })).toThrow(/all code 11\.\d kB.*\n.*\nThat is too much/);
});

test('tfjs on the page fails, whatever its size', () => {
  expect(check({ 'assets/index.js': 1 }, ['/src/main.ts'])).toContain('page ');
  const core = '/node_modules/@tensorflow/tfjs-core/dist/index.js';
  expect(() => check({ 'assets/index.js': 1 }, ['/src/main.ts', core])).toThrow(`the page bundles ${core}`);
});
