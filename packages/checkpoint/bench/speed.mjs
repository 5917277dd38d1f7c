// Prints what reading and writing costs, beside Python's safetensors where that is installed (GSS_PYTHON names a Python):
// `pnpm bench`. Every number is the best of three, in one run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const package_ = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'gss-bench-'));
const contents = ['index', 'node/index', 'pytorch/index', 'pytorch/node/index', 'pytorch/test-pickle']
  .map((file) => `export * from './${file}.js';`)
  .join('\n');
const outfile = join(folder, 'sources.mjs');
await build({
  stdin: { contents, resolveDir: join(package_, 'src'), loader: 'ts' },
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
});
const gss = await import(pathToFileURL(outfile).href);

async function best(run) {
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await run();
    milliseconds = Math.min(milliseconds, performance.now() - start);
  }
  return milliseconds;
}
const print = (what, milliseconds, bytes) =>
  console.log(
    `${what.padEnd(62)} ${milliseconds.toFixed(1).padStart(8)} ms ${bytes ? `${(bytes / milliseconds / 1e6).toFixed(1).padStart(6)} GB/s` : ''}`,
  );

const path = join(folder, 'model.safetensors');
const layer = new Float32Array(1 << 20).map((_, i) => i % 1000);
const entries = new Map(
  Array.from({ length: 64 }, (_, i) => [`layers.${i}.weight`, { dtype: 'F32', shape: [1024, 1024], data: layer }]),
);
const size = 64 * layer.byteLength;
print('writeSafetensors, 64 × 4 MiB, atomic, with fsync', await best(() => gss.writeSafetensors(path, entries)), size);
print('readSafetensors', await best(() => gss.readSafetensors(path)), size);
print(
  'openSafetensors and one tensor of 4 MiB',
  await best(async () => {
    const file = await gss.openSafetensors(path);
    await file.read('layers.40.weight');
    await file.close();
  }),
);
const half = gss.fromFloat32(layer, 'F16');
print('fromFloat32 to F16, 1 Mi values', await best(() => gss.fromFloat32(layer, 'F16')), layer.byteLength);
print(
  'toFloat32 of F16, 1 Mi values',
  await best(() => gss.toFloat32({ dtype: 'F16', shape: [half.length], data: half })),
  layer.byteLength,
);

const many = gss.serializeSafetensors(
  Array.from({ length: 10_000 }, (_, i) => [
    `blocks.${i}.norm.weight`,
    { dtype: 'F32', shape: [4], data: new Float32Array(4) },
  ]),
);
print('parseSafetensors, 10,000 tensors', await best(() => gss.parseSafetensors(many)));

const names = Array.from({ length: 1000 }, (_, i) => i);
const storages = Object.fromEntries(names.map((i) => [i, new Uint8Array(65536)]));
const value = gss.dict(
  ...names.flatMap((i) => [
    gss.text(`w${i}`),
    gss.tensor({ key: String(i), length: 16384, shape: [128, 128], strides: [1, 128] }),
  ]),
);
const checkpoint = gss.archive(gss.pickle(value), storages);
const pth = join(folder, 'model.pth');
writeFileSync(pth, checkpoint);
print('openPyTorch, 1,000 tensors', await best(() => gss.openPyTorch(pth).close()));
print(
  '… and their data, all transposed views',
  await best(() => {
    const file = gss.openPyTorch(pth);
    for (const tensor of file.stateDict().values()) tensor.data;
    file.close();
  }),
  checkpoint.length,
);
print(
  'readPyTorch of the same in memory, data too',
  await best(() => {
    for (const tensor of gss.readPyTorch(checkpoint).stateDict().values()) tensor.data;
  }),
  checkpoint.length,
);

const python = spawnSync(
  process.env.GSS_PYTHON ?? 'python3',
  [
    '-c',
    `
import sys, time
from safetensors.numpy import load_file, save_file
path = sys.argv[1]
def best(run):
    times = []
    for _ in range(3):
        start = time.perf_counter(); run(); times.append(1000 * (time.perf_counter() - start))
    return min(times)
print(best(lambda: load_file(path)))
tensors = load_file(path)
print(best(lambda: save_file(tensors, path + ".copy")))`,
    path,
  ],
  { encoding: 'utf8' },
);
if (python.status === 0) {
  const [load, save] = python.stdout.trim().split('\n').map(Number);
  print("Python's safetensors: load_file", load, size);
  print("Python's safetensors: save_file (neither atomic nor fsync)", save, size);
} else console.log("Python's safetensors is not installed: nothing to compare with (GSS_PYTHON)");
rmSync(folder, { recursive: true });
