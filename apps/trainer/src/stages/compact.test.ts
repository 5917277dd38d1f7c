import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disposeTree, type Tree } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { parseConfig } from '../config/load.js';
import { classesOnly, openSplit } from '../data/sources.js';
import { evaluateTokenizer } from './oracle.js';
import { trainTokenizer } from './tokenizer.js';
import { openAnyTokenizer } from './tokenizers/open.js';

const root = mkdtempSync(join(tmpdir(), 'gss-compact-'));
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
let train: Awaited<ReturnType<typeof openSplit>>;
const classesFile = join(root, 'classes.json');
beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSplit({}, 'train');
  const classes = train.classes.map(({ name, color }, id) => ({ id, name, color }));
  writeFileSync(classesFile, JSON.stringify({ classes, ignore_index: 255 }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const prior = { backbone: 'nano', steps: 1, batchSize: 1, crop: [32, 32], lr: 0.001 };
const common = { variant: 'nano', steps: 0, batchSize: 2, crop: [64, 64], ratioRange: [1, 1], lr: 0.001, warmup: 1 };
const { out: quiet } = quietOutput();

async function run(name: string, tokenizer: object, data = train): Promise<string> {
  const config = parseConfig({ name: 'test', seed: 3, tokenizer: { ...common, ...tokenizer }, prior }, 'test');
  const signal = new AbortController().signal;
  const before = tf.memory().numTensors;
  const out = quiet;
  const { folder } = await trainTokenizer({ config, train: data, dir: join(root, name), out, signal, resume: false });
  expect(tf.memory().numTensors).toBe(before);
  return folder!;
}

/** Reconstruction of the first scenes of the embedded val split, mIoU. */
async function ceiling(folder: string): Promise<number> {
  const data = await openSplit({}, 'val');
  const few = { ...data, dataset: { ...data.dataset, length: 3, read: data.dataset.read, name: data.dataset.name } };
  const opened = await openAnyTokenizer(folder, few.classes);
  const { evaluation } = await evaluateTokenizer(opened, few, { out: quiet, signal: new AbortController().signal });
  return evaluation.mIoU;
}

test('squares of the data reconstruct without a step, and the codebook is logged', async () => {
  const folder = await run('squares', { codebookMasks: 60 });
  expect(await ceiling(folder)).toBeGreaterThan(85);
  const log = JSON.parse(readFileSync(join(root, 'squares', 'tokenizer', 'log.jsonl'), 'utf8')) as Record<
    string,
    number
  >;
  expect(log['codebook/used']).toBeGreaterThan(100);
  expect(log['codebook/perplexity']).toBeGreaterThan(4);
});

test('random shapes need only the names of the classes; the same seed gives the same weights', async () => {
  const options = { masks: 'procedural', codebookMasks: 40 };
  const classes = await classesOnly(classesFile);
  const [a, b] = [await run('shapes', options, classes), await run('shapes again', options, classes)];
  expect(readFileSync(join(b, 'model.safetensors'))).toEqual(readFileSync(join(a, 'model.safetensors')));
  expect(await ceiling(a)).toBeGreaterThan(70);
  await expect(run('no pictures', {}, classes)).rejects.toThrow('tokenizer.masks=data needs pictures');
  await expect(run('uvim', { family: 'uvim', masks: 'procedural', steps: 1 })).rejects.toThrow('UViM reads the photo');
});

test('colours drawn for each mask: the folder takes the classes of any data', async () => {
  const options = { masks: 'procedural', recolour: true, codebook: 'k-means', classWeight: 0, codes: 64, steps: 3 };
  const folder = await run('any', options);
  const classes = [
    { name: 'a', color: [1, 2, 3] },
    { name: 'b', color: [4, 5, 6] },
  ] as const;
  const { config, params } = await openAnyTokenizer(folder, classes);
  expect([config.classes, config.palette.length]).toEqual([classes, 2]);
  disposeTree(params as Tree<tf.Tensor>);
  await expect(run('squares of no colour', { recolour: true })).rejects.toThrow('codebook=k-means and classWeight=0');
});

test('product codes: groups with a codebook each, restarted and trained', async () => {
  const options = { codebook: 'k-means', codes: 12, groups: 2, seedBatches: 2, restartEvery: 2, steps: 5 };
  const { config, params } = await openAnyTokenizer(await run('product', options), train.classes);
  expect(config.tokenizer).toMatchObject({ type: 'compact', config: { codes: 12, groups: 2 } });
  disposeTree(params as Tree<tf.Tensor>);
});
