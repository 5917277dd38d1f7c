import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { backboneFamilies, type GssModelConfig, neededKernels, tokenizerFamilies } from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backends, kernelFile, kernelModule } from '../../../kernels.mjs';
import { slimmed } from '../../../slim.mjs';
import { buildStandalone } from '../../../standalone.mjs';

const folder = mkdtempSync(join(tmpdir(), 'gss-kernels-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The kernels that a backend's module imports. */
const kernelsOf = (backend: (typeof backends)[number]) =>
  [...readFileSync(kernelFile(backend), 'utf8').matchAll(/\/kernels\/(\w+)\.js'/g)].map(([, name]) => name!);
/** Kernels that a backend has in the worker. */
const there = {
  webgpu: kernelsOf('webgpu'),
  webgl: kernelsOf('webgl'),
  wasm: [...kernelsOf('wasm'), ...registerWasmKernels().registered],
};
/** Of complex numbers, which no model has: operations mention them beside those of real ones. */
const complex = ['Complex', 'ComplexAbs', 'Imag', 'Real'];

let modules: string[];
let started: Set<string>;
beforeAll(async () => {
  const built = await buildStandalone(folder);
  modules = built.flatMap(({ metafile }) =>
    Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  );
  const operations = modules.filter((path) => /tfjs-core\/dist\/(?!engine\.js)/.test(path));
  started = new Set(
    operations.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\.runKernel\(\s*'?(\w+)/g)].map(([, name]) => name!),
    ),
  );
}, 60_000);

test.each(Object.entries(there))(
  '%s has every kernel that an operation in the worker can start, of learning too',
  (_backend, names) => {
    expect(started.size).toBeGreaterThan(50);
    for (const name of ['FusedConv2D', 'Square', 'Conv2DBackpropFilter']) expect(started).toContain(name);
    const missing = [...started].filter((name) => !names.includes(name) && !complex.includes(name)).sort();
    // What is missing here fails in the browser: add it to the list in kernels.mjs.
    expect(missing).toEqual([]);
  },
);

test.each(Object.entries(there))('%s has what every preset and every family of models needs', (_backend, names) => {
  const { model } = preset('nano');
  const families = backboneFamilies.flatMap((backbone) =>
    tokenizerFamilies.map((tokenizer) => ({
      ...model,
      backbone: { ...model.backbone, type: backbone },
      tokenizer: { ...model.tokenizer, type: tokenizer },
      ftw: {},
    })),
  ) as unknown as GssModelConfig[];
  for (const config of [...presetNames().map((name) => preset(name).model), ...families])
    expect(neededKernels(config).filter((name) => !names.includes(name))).toEqual([]);
});

test.each(backends)('the module of %s is the one that kernels.mjs makes of its list', (backend) => {
  expect(readFileSync(kernelFile(backend), 'utf8')).toBe(kernelModule(backend));
});

test('what wasm lacks of the list is ours', () => {
  expect(there.webgl.filter((name) => !there.wasm.includes(name))).toEqual([]);
});

test('the bundle carries neither what slim.mjs takes out nor any package whole', () => {
  const unwanted =
    /tfjs-core\/dist\/(io|linalg|losses)\/|(rmsprop|momentum)_optimizer|register_all|\/(long|seedrandom)\//;
  expect(modules.filter((path) => unwanted.test(path))).toEqual([]);
  const worker = join(folder, 'worker');
  const scripts = readdirSync(worker).filter((name) => name.endsWith('.js'));
  const bytes = scripts.map((name) => gzipSync(readFileSync(join(worker, name)), { level: 9 }).length);
  const kilobytes = bytes.reduce((sum, size) => sum + size, 0) / 1000;
  console.log(`the worker with its three backends: ${kilobytes.toFixed(1)} kB of gzip`);
  expect(kilobytes).toBeLessThan(230);
});

test('what slim.mjs takes out of tf.image and tf.io is called nowhere in the worker', () => {
  const kept = ['tf.image.resizeBilinear', 'tf.image.resizeNearestNeighbor'];
  const sources = modules.filter((path) => path.endsWith('.ts')).map((path) => readFileSync(path, 'utf8'));
  const called = new Set(sources.flatMap((text) => text.match(/\btf\.(?:image|io)\.\w+/g) ?? []));
  expect([...called].sort()).toEqual(kept);
});

test('another tfjs is refused; shaders lose indentation and comments, nothing else', () => {
  const core = '/node_modules/@tensorflow/tfjs-core/dist';
  for (const name of ['index.js', 'base.js', 'base_side_effects.js', 'platforms/platform_browser.js', 'ops/ops.js'])
    expect(() => slimmed(`${core}/${name}`, 'export {};')).toThrow(/is not as expected .* Adapt slim\.mjs/);
  expect(slimmed(`${core}/engine.js`, '  x')).toBeUndefined();
  expect(slimmed('/src/x.js', '  x')).toBeUndefined();
  const backend = '/node_modules/@tensorflow/tfjs-backend-webgl/dist';
  expect(() => slimmed(`${backend}/kernel_utils/shared.js`, 'export {};')).toThrow('is not as expected');
  const shader =
    "import { env, util } from '@tensorflow/tfjs-core';\nconst s = `\n   a; // kept\n   // gone\n\n  b\n`;";
  expect(slimmed(`${backend}/x.js`, shader)).toBe(
    "import { env } from '@tensorflow/tfjs-core'; import * as util from '@tensorflow/tfjs-core/dist/util.js';\nconst s = `\na; // kept\nb\n`;",
  );
});
