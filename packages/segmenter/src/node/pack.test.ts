import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type StoredTensor, toFloat32 } from '@gss/checkpoint';
import { readSafetensorsFolder, writeSafetensors } from '@gss/checkpoint/node';
import {
  type GssModelConfig,
  loadSegmenter,
  loadSegmenterFiles,
  modelSpec,
  type Segmenter,
  type StorageType,
  unpackWeights,
} from '@gss/segmenter';
import {
  loadModelFolder,
  loadSegmenterFolder,
  loadTokenizerFolder,
  packFolder,
  saveModelFolder,
} from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, disposeTree, initParams, leavesOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'gss-pack-'));
const source = join(dir, 'f32');
let config: GssModelConfig;
/** Labels of the source on a picture, as the others are compared with. */
let truth: Uint8Array;

beforeAll(async () => {
  await tf.setBackend('cpu');
  config = preset('nano', { classes: 4 }).model;
  const params = initParams(modelSpec(config), createRng(3));
  await saveModelFolder(source, config, params);
  disposeTree(params);
  truth = await labelsOf(await loadSegmenterFolder(source));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function labelsOf(segmenter: Segmenter): Promise<Uint8Array> {
  const rng = createRng(5);
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, () => rng.int(256));
  const prediction = await segmenter.predict({ data, width: 64, height: 64 });
  const labels = Uint8Array.from((await prediction.labels()).data);
  prediction.dispose();
  segmenter.dispose();
  return labels;
}

const agreement = (labels: Uint8Array) => labels.filter((label, i) => label === truth[i]).length / truth.length;

/** A packed copy of the source, made once a name. */
async function packed(storage: StorageType, limit?: number): Promise<string> {
  const out = join(dir, `${storage}-${limit ?? 'whole'}`);
  if (!existsSync(out)) await packFolder(source, out, storage, limit === undefined ? {} : { limit });
  return out;
}

/** Names, types, shapes and digests: large arrays are slow to compare one by one. */
const digests = (weights: ReadonlyMap<string, StoredTensor>) =>
  new Map(
    [...weights].map(([name, { dtype, shape, data }]) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [name, `${dtype} [${shape}] ${createHash('sha1').update(bytes).digest('hex')}`];
    }),
  );

/** A fetch that serves a folder. */
const serve =
  (folder: string): typeof fetch =>
  async (input) => {
    const path = join(folder, basename(String(input)));
    return existsSync(path) ? new Response(readFileSync(path)) : new Response(null, { status: 404 });
  };
const filesOf = (folder: string, skip?: string) =>
  readdirSync(folder)
    .filter((name) => name !== skip)
    .map((name) => new File([readFileSync(join(folder, name))], name));

/** Sizes as shares of f32, and the least share of labels that stay: the tiny model is untrained, its classes near ties. */
test.each<[StorageType, number, number]>([
  ['f16', 0.54, 0.99],
  ['bf16', 0.54, 0.9],
  ['int8', 0.3, 0.9],
])('%s: smaller, loads from folder, address and files, and labels stay', async (storage, size, least) => {
  const out = join(dir, `sized-${storage}`);
  const { before, after } = await packFolder(source, out, storage);
  expect(after / before).toBeLessThan(size);
  const labels = await labelsOf(await loadSegmenterFolder(out));
  console.info(
    `${storage}: ${after} of ${before} bytes, ${(100 * agreement(labels)).toFixed(2)} % of labels as in f32`,
  );
  expect(agreement(labels)).toBeGreaterThan(least);
  expect(await labelsOf(await loadSegmenter('http://x/model', serve(out)))).toEqual(labels);
  expect(await labelsOf(await loadSegmenterFiles(filesOf(out)))).toEqual(labels);
});

test('matrices, kernels and tables convert; vectors and buffers keep every bit', async () => {
  const whole = await readSafetensorsFolder(source);
  const half = await readSafetensorsFolder(await packed('f16'));
  const bytes = await readSafetensorsFolder(await packed('int8'));
  const back = unpackWeights('int8', bytes, 'int8');
  let quantized = 0;
  for (const { name, leaf } of leavesOf(modelSpec(config))) {
    const given = whole.get(name)!;
    if (leaf.leaf === 'vector' || leaf.leaf === 'buffer') {
      expect(half.get(name)).toEqual(given);
      expect(bytes.get(name)).toEqual(given);
      continue;
    }
    expect(half.get(name)?.dtype).toBe('F16');
    if (bytes.get(name)?.dtype !== 'I8') {
      expect(given.data.length / given.shape[0]!).toBeLessThan(8);
      continue;
    }
    quantized++;
    const scale = toFloat32(bytes.get(`${name}.scale`)!);
    const row = given.data.length / scale.length;
    const error = toFloat32(back.get(name)!).map(
      (value, i) => Math.abs(value - (given.data[i] as number)) / scale[Math.floor(i / row)]!,
    );
    expect(error.reduce((a, b) => Math.max(a, b), 0)).toBeLessThanOrEqual(0.5 + 1e-5);
  }
  expect(quantized).toBeGreaterThan(10);
});

test('shards load from folder, address and files; a missing one is named everywhere', async () => {
  const out = await packed('int8', 100_000);
  const shards = readdirSync(out).filter((name) => name.includes('-of-'));
  expect(shards.length).toBeGreaterThan(2);
  const labels = await labelsOf(await loadSegmenterFolder(await packed('int8')));
  expect(await labelsOf(await loadSegmenterFolder(out))).toEqual(labels);
  expect(await labelsOf(await loadSegmenter('http://x/model/', serve(out)))).toEqual(labels);
  expect(await labelsOf(await loadSegmenterFiles(filesOf(out)))).toEqual(labels);

  const lost = shards[1]!;
  const named = new RegExp(`the shard ${lost} is missing \\(the model has ${shards.length}\\)`);
  await expect(loadSegmenterFiles(filesOf(out, lost))).rejects.toThrow(named);
  const kept = readFileSync(join(out, lost));
  rmSync(join(out, lost));
  await expect(loadSegmenter('http://x/model', serve(out))).rejects.toThrow(named);
  await expect(loadSegmenterFolder(out)).rejects.toThrow(named);
  writeFileSync(join(out, lost), kept);
});

test('a packed folder unpacks to f32, packs again without loss, trains on and saves as f32', async () => {
  const first = await packed('int8');
  const wide = join(dir, 'wide');
  await packFolder(first, wide, 'f32');
  expect(JSON.parse(readFileSync(join(wide, 'config.json'), 'utf8')).storage).toBeUndefined();
  const unpacked = unpackWeights('int8', await readSafetensorsFolder(first), '');
  expect(digests(await readSafetensorsFolder(wide))).toEqual(digests(unpacked));
  const again = join(dir, 'again');
  await packFolder(wide, again, 'int8');
  const repacked = digests(await readSafetensorsFolder(again));
  for (const [name, digest] of digests(await readSafetensorsFolder(first)))
    if (digest.startsWith('I8')) expect(repacked.get(name)).toBe(digest);

  const loaded = await loadModelFolder(first);
  const saved = join(dir, 'saved');
  await saveModelFolder(saved, loaded.config, loaded.params);
  disposeTree(loaded.params);
  expect(loaded.config.storage).toBe('int8');
  expect(JSON.parse(readFileSync(join(saved, 'config.json'), 'utf8')).storage).toBeUndefined();
  expect(digests(await readSafetensorsFolder(saved))).toEqual(digests(unpacked));
  const { params } = await loadTokenizerFolder(first);
  disposeTree(params);
});

test('refuses what it must, and leaves nothing behind', async () => {
  const before = readdirSync(dir).sort();
  await expect(packFolder(source, source, 'f16')).rejects.toThrow(/one with files\. Name another/);
  await expect(packFolder(join(dir, 'none'), join(dir, 'x'), 'f16')).rejects.toThrow(/cannot be read/);

  const large = join(dir, 'large');
  mkdirSync(large);
  const weights = await readSafetensorsFolder(source);
  const [name, { dtype, shape, data }] = [...weights].find(([, tensor]) => tensor.shape.length === 4)!;
  weights.set(name, { dtype, shape, data: (data as Float32Array).map(() => 1e5) });
  await writeSafetensors(join(large, 'model.safetensors'), weights);
  writeFileSync(join(large, 'config.json'), readFileSync(join(source, 'config.json')));
  await expect(packFolder(large, join(dir, 'x'), 'f16')).rejects.toThrow(
    /numbers within ±65504 for fp16, got 100000 at index 0/,
  );
  weights.delete(name);
  await writeSafetensors(join(large, 'model.safetensors'), weights);
  await expect(packFolder(large, join(dir, 'x'), 'int8')).rejects.toThrow(`missing     ${name}`);
  rmSync(large, { recursive: true });
  expect(readdirSync(dir).sort()).toEqual(before);
});

test('says which scale is missing or foreign, and which storage it does not know', async () => {
  const broken = join(dir, 'broken');
  mkdirSync(broken);
  const text = readFileSync(join(await packed('int8'), 'config.json'), 'utf8');
  const weights = await readSafetensorsFolder(await packed('int8'));
  const scale = [...weights.keys()].find((name) => name.endsWith('.weight.scale'))!;
  const kept = weights.get(scale)!;
  weights.delete(scale);
  await writeSafetensors(join(broken, 'model.safetensors'), weights);
  writeFileSync(join(broken, 'config.json'), text);
  await expect(loadSegmenterFolder(broken)).rejects.toThrow(`expected a tensor ${scale} of F32 [${kept.shape}]`);
  weights.set(scale, kept);
  weights.set('foreign.weight.scale', kept);
  await writeSafetensors(join(broken, 'model.safetensors'), weights);
  await expect(loadSegmenterFolder(broken)).rejects.toThrow('unexpected  foreign.weight.scale');
  writeFileSync(join(broken, 'config.json'), text.replace('"int8"', '"int4"'));
  await expect(loadSegmenterFolder(broken)).rejects.toThrow(/expected storage f32, f16, bf16, int8, got "int4"/);
});
