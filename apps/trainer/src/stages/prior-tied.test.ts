import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toFloat32 } from '@gss/checkpoint';
import { readSafetensors } from '@gss/checkpoint/node';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { parseConfig } from '../config/load.js';
import { type OpenedData, openSource } from '../data/sources.js';
import { trainPrior } from './prior.js';
import { trainTokenizer } from './tokenizer.js';

const root = mkdtempSync(join(tmpdir(), 'gss-tied-'));
const { out } = quietOutput();
const signal = new AbortController().signal;
const base = { steps: 3, batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.01, warmup: 0, checkpointEvery: 9 };
const codes = 24;
const configOf = (variant: string, prior: object) =>
  parseConfig(
    {
      name: 'test',
      seed: 3,
      tokenizer: { ...base, variant, codes, codebookMasks: 4, steps: 0 },
      prior: { ...base, backbone: 'nano', classifier: 'tied', marginalWeight: 1, decoding: 'marginal', ...prior },
    },
    'test',
  );
let train: OpenedData;
const stage = async (variant: string, name: string, prior: object = {}) => {
  const config = configOf(variant, prior);
  const dir = join(root, name);
  const common = { config, train, dir, out, signal, resume: false };
  await trainTokenizer(common);
  await trainPrior({ ...common, tokenizer: join(dir, 'tokenizer', 'model') });
  return dir;
};
const weightsOf = async (dir: string, name: string) =>
  toFloat32((await readSafetensors(join(dir, 'model', 'model.safetensors'))).get(name)!);

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSource({ kind: 'synthetic-streets', seed: 1, width: 64, height: 48, count: 6, variety: 'calm' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a tied classifier trains around its table, and its model sums over codes', async () => {
  const dir = await stage('squares', 'tied');
  const table = await weightsOf(dir, 'decode_head.conv_seg.1.weight');
  const K = train.classes.length;
  expect(table).toHaveLength(codes * 16 * K);
  for (let z = 0; z < codes; z++) {
    const row = table.subarray(z * 16 * K, (z + 1) * 16 * K);
    expect(row.every((value) => value === 0 || value === 1)).toBe(true); // three steps at a rate of 0.01 left it alone
    expect(row.reduce((sum, value) => sum + value, 0)).toBe(16);
  }
  const bias = await weightsOf(dir, 'decode_head.conv_seg.1.bias');
  expect(Math.max(...bias) - Math.min(...bias)).toBeGreaterThan(1); // it started at the codes' frequencies
  const [line] = readFileSync(join(dir, 'prior', 'log.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const { loss, token, pixel, marginal } = JSON.parse(line!);
  expect(marginal).toBeGreaterThan(0);
  expect(loss).toBeCloseTo(token + pixel + marginal, 4);
  const segmenter = await loadSegmenterFolder(join(dir, 'model'));
  expect(segmenter.config).toMatchObject({ decoding: 'marginal', prior: { classifier: 'tied' } });
  const { image } = await train.dataset.read(0);
  const prediction = await segmenter.predict(image);
  expect((await prediction.labels()).data).toHaveLength(64 * 48);
  prediction.dispose();
  segmenter.dispose();
});

test('needs codes that are drawn alone', async () => {
  await expect(stage('nano', 'nano')).rejects.toThrow('prior.classifier=tied: this tokenizer’s squares depend on');
  const full = { classifier: 'full', decoding: 'argmax' };
  await expect(stage('nano', 'marginal', full)).rejects.toThrow(/squares depend on their neighbours/);
});
