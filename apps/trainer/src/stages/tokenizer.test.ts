import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizerFolder } from '@gss/segmenter/node';
import { disposeTree, type Tree } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createOutput } from '../cli/output.js';
import { parseConfig } from '../config/load.js';
import { openSplit } from '../data/sources.js';
import { trainTokenizer } from './tokenizer.js';

const root = mkdtempSync(join(tmpdir(), 'gss-tokenizer-'));
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
let train: Awaited<ReturnType<typeof openSplit>>;
beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSplit({}, 'train');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const prior = { backbone: 'nano', steps: 1, batchSize: 1, crop: [32, 32], lr: 0.001 };
const common = { variant: 'nano', steps: 12, batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.001, warmup: 1 };
const rows: Record<string, Record<string, unknown>> = {
  dvae: { family: 'dvae', codes: 16, watchEvery: 2 },
  vqgan: {
    family: 'vqgan',
    codes: 16,
    seedBatches: 2,
    restartEvery: 4,
    discriminator: { width: 8, layers: 1, start: 6 },
  },
  'vqgan on classes': {
    family: 'vqgan',
    input: 'one-hot',
    codes: 16,
    discriminator: { width: 8, layers: 1, start: 6 },
  },
  uvim: { family: 'uvim', codes: 16, crop: [64, 64], watchEvery: 2 },
  'uvim with maskige': { family: 'uvim', input: 'maskige', codes: 64, crop: [64, 64], codeDropout: 'ordered' },
};
const configOf = (tokenizer: object) =>
  parseConfig({ name: 'test', seed: 3, tokenizer: { ...common, ...tokenizer }, prior }, 'test');

/** Trains in a folder; `stop` ends it after step 10, as Ctrl-C then would. */
function run(name: string, tokenizer: object, { resume = false, stop = false } = {}) {
  const stopper = new AbortController();
  const update = (step: number) => {
    if (stop && step === 10) stopper.abort();
  };
  const out = { ...createOutput(true), progress: () => ({ update, stop() {} }) };
  const config = configOf(tokenizer);
  return trainTokenizer({ config, train, dir: join(root, name), out, signal: stopper.signal, resume });
}
const weights = (name: string) => readFileSync(join(root, name, 'tokenizer', 'model', 'model.safetensors'));
const logOf = (name: string) =>
  readFileSync(join(root, name, 'tokenizer', 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);

describe.each(Object.entries(rows))('%s', (name, options) => {
  test('trains, logs its codebook, leaves no tensor, and loads', async () => {
    const before = tf.memory().numTensors;
    const result = await run(name, options);
    expect(tf.memory().numTensors).toBe(before);
    expect(result.finished).toBe(true);
    const figures = Object.assign({}, ...logOf(name)) as Record<string, number>;
    expect(figures['codebook/perplexity']).toBeGreaterThanOrEqual(1);
    expect(figures['codebook/used']! + figures['codebook/dead']!).toBe(options.codes);
    expect(Number.isFinite(figures.loss)).toBe(true);
    const { config, params } = await loadTokenizerFolder(result.folder!);
    const input = options.input ?? (options.family === 'uvim' ? 'one-hot' : 'maskige');
    expect(config.tokenizer.input ?? 'maskige').toBe(input);
    disposeTree(params as Tree<tf.Tensor>);
  });

  test('a run that was stopped goes on to the same bits', async () => {
    const stopped = `${name} stopped`;
    expect(await run(stopped, options, { stop: true })).toMatchObject({ finished: false, folder: undefined });
    expect(existsSync(join(root, stopped, 'tokenizer', 'model'))).toBe(false);
    expect((await run(stopped, options, { resume: true })).finished).toBe(true);
    expect(weights(stopped).equals(weights(name))).toBe(true);
  });
});

test('the adversary has a say from its start only, and its own figures', () => {
  const lines = logOf('vqgan').filter((line) => 'loss' in line);
  expect(lines.map(({ step }) => step)).toEqual([10, 12]);
  for (const line of lines) {
    expect(line['discriminator/loss']).toBeGreaterThan(0);
    expect(line.adaptive).toBeGreaterThan(0);
    expect(line.generator).not.toBe(0);
  }
});

test('the schedules of the dVAE follow its options', () => {
  const figures = Object.assign({}, ...logOf('dvae')) as Record<string, number>;
  expect(figures.temperature).toBeCloseTo(1 / 16, 6);
  expect(figures.kl_weight).toBeCloseTo(6.6, 5);
});

test('a collapsed codebook stops the run with its reason', async () => {
  const collapse = { family: 'vqgan', codes: 2, lr: 1e-12, steps: 4, watchEvery: 1 };
  await expect(run('collapse', collapse)).rejects.toThrow(/the codebook has collapsed at step 1: perplexity 1\./);
  expect(existsSync(join(root, 'collapse', 'tokenizer', 'model'))).toBe(false);
});

test('crops that are no whole tokens are refused before anything is written', async () => {
  const refused = (tokenizer: object) => expect(run('crop', tokenizer)).rejects;
  await refused({ family: 'dvae', crop: [36, 32] }).toThrow(
    'tokenizer.crop is 36 × 32, but this dvae tokenizer codes 8 × 8 pixels at a time. Give multiples of 8.',
  );
  await refused({ family: 'uvim', crop: [64, 96] }).toThrow('Give multiples of 64.');
  await refused({ crop: [30, 32] }).toThrow('Give multiples of 4.');
  expect(existsSync(join(root, 'crop'))).toBe(false);
});

test('perceptual weights that are not there are named', async () => {
  const vqgan = {
    family: 'vqgan',
    perceptual: { vgg: join(root, 'vgg.safetensors'), lins: join(root, 'lins.safetensors') },
  };
  await expect(run('lpips', vqgan)).rejects.toThrow(/vgg\.safetensors/);
});
