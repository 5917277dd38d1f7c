// Fuzzes the parsers: `pnpm fuzz [--seconds 30] [--seed 1] [--target safetensors|pytorch|npz]`.
// Any input must be read or refused with the package's own error, within seconds and without exhausting memory. The first
// input that does anything else is saved, and the exit code is 1. The same seed gives the same inputs.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { mutate, randomPickle, randomSource } from './inputs.mjs';

const package_ = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
  },
});
/** Slowest input allowed, in milliseconds. */
const patience = 10_000;

/** The sources, bundled now: nothing stale is tested. */
async function load() {
  const folder = mkdtempSync(join(tmpdir(), 'gss-fuzz-'));
  const contents = [
    'index',
    'pytorch/index',
    'pytorch/test-pickle',
    'errors',
    'npz/index',
    'npz/npy-header',
    'zip/write',
  ]
    .map((file) => `export * from './${file}.js';`)
    .join('\n');
  const outfile = join(folder, 'sources.mjs');
  await build({
    stdin: { contents, resolveDir: join(package_, 'src'), loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    logLevel: 'error',
  });
  const sources = await import(pathToFileURL(outfile).href);
  rmSync(folder, { recursive: true });
  return sources;
}

const sources = await load();
const fixtures = join(package_, 'fixtures');
const samples = (pattern) =>
  readdirSync(fixtures)
    .filter((name) => pattern.test(name))
    .map((name) => new Uint8Array(readFileSync(join(fixtures, name))));

/** Touches all that was read. */
function readAll(value, seen = new Set()) {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof sources.TorchTensor) {
    const expected = value.shape.reduce((count, size) => count * size, 1);
    if (value.data.length !== expected) throw new Error(`a tensor [${value.shape}] has ${value.data.length} elements`);
  } else if (value instanceof sources.PickleObject) readAll([value.attributes, value.items], seen);
  else if (value instanceof Map) for (const [key, item] of value) readAll([key, item], seen);
  else if (Array.isArray(value) || value instanceof Set) for (const item of value) readAll(item, seen);
}

const targets = {
  safetensors: {
    seeds: samples(/\.safetensors$/),
    make: (random, seeds) => mutate(random, random.pick(seeds), seeds),
    run(bytes) {
      const tensors = sources.parseSafetensors(bytes);
      const again = sources.parseSafetensors(sources.serializeSafetensors(tensors));
      if ([...again.keys()].join() !== [...tensors.keys()].join()) throw new Error('names changed on the way through');
    },
  },
  pytorch: {
    seeds: samples(/\.(pth|pkl)$/),
    make(random, seeds) {
      if (random.int(2)) return mutate(random, random.pick(seeds), seeds);
      const pickle = sources.pickle(randomPickle(random, sources));
      if (random.int(4) === 0) return sources.legacy(pickle, sources.list(sources.text('0')), sources.legacyStorage(4));
      return sources.archive(random.int(3) ? pickle : mutate(random, pickle, [pickle]));
    },
    run(bytes) {
      const checkpoint = sources.readPyTorch(bytes);
      readAll(checkpoint.value);
      const tensors = checkpoint.stateDict();
      readAll(tensors);
      const again = sources.readPyTorch(sources.serializePyTorch(tensors)).stateDict();
      if ([...again.keys()].join() !== [...tensors.keys()].join()) throw new Error('names changed on the way through');
    },
  },
  npz: {
    seeds: samples(/\.safetensors$/).map((bytes) => npzOf(sources.parseSafetensors(bytes))),
    make: (random, seeds) => mutate(random, random.pick(seeds), seeds),
    run(bytes) {
      for (const { shape, data } of sources.readNpz(bytes).tensors.values())
        if (data.length !== shape.reduce((count, size) => count * size, 1))
          throw new Error(`[${shape}] has ${data.length}`);
    },
  },
};

/** The first tensors of a file as an .npz archive. */
function npzOf(tensors) {
  const plan = new sources.ZipPlan();
  const pieces = [...tensors].slice(0, 4).flatMap(([name, tensor]) => {
    const { buffer, byteOffset, byteLength } = tensor.data;
    const bytes = Buffer.concat([sources.npyHeader(tensor), new Uint8Array(buffer, byteOffset, byteLength)]);
    return [plan.head(`${name}.npy`, bytes), bytes];
  });
  return new Uint8Array(Buffer.concat([...pieces, plan.end()]));
}

function fuzz(name, seconds) {
  const { seeds, make, run } = targets[name];
  const random = randomSource(Number(options.seed));
  const messages = new Map();
  const end = performance.now() + 1000 * seconds;
  let [inputs, read, slowest] = [0, 0, 0];
  for (; performance.now() < end; inputs++) {
    const bytes = make(random, seeds);
    const start = performance.now();
    let failure;
    try {
      run(bytes);
      read++;
    } catch (error) {
      if (error instanceof sources.CheckpointError) {
        const kind = error.message.replace(/"(\\.|[^"\\])*"|\d+/g, '…').slice(0, 60);
        messages.set(kind, (messages.get(kind) ?? 0) + 1);
      } else failure = error;
    }
    const took = performance.now() - start;
    slowest = Math.max(slowest, took);
    if (took > patience) failure ??= new Error(`took ${took.toFixed(0)} ms`);
    if (failure) {
      const file = join(
        tmpdir(),
        `gss-fuzz-${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.bin`,
      );
      writeFileSync(file, bytes);
      console.error(`${name}: input ${inputs} of seed ${options.seed}, saved as ${file}:\n${failure.stack}`);
      process.exit(1);
    }
  }
  console.log(
    `${name}: ${inputs} inputs of seed ${options.seed}: ${read} read, ${inputs - read} refused in ${messages.size} ways; slowest ${slowest.toFixed(0)} ms`,
  );
}

const names = options.target ? [options.target] : Object.keys(targets);
if (!names.every((name) => targets[name]))
  throw new RangeError(`fuzz: expected a target of ${Object.keys(targets)}, got ${names}.`);
for (const name of names) fuzz(name, Number(options.seconds) / names.length);
console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1000)} MB`);
