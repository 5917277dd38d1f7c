import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderStreetScene, syntheticStreetsClasses } from '@gss/datasets';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { configsFolder } from '../config/folder.js';
import { loadConfig } from '../config/load.js';
import { openSplit } from '../data/sources.js';
import { indexPng, rgbPng } from '../images/write.js';
import { stepsWithin, withSteps } from './budget.js';
import { runTable2, type Table2Data, type Table2Options } from './run.js';
import { type Table2Result, table2, table2Markdown } from './table-2.js';

const root = mkdtempSync(join(tmpdir(), 'gss-reproduce-'));
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
let data: Table2Data;

async function writeSplit(split: string, count: number) {
  const [images, labels] = ['images', 'labels'].map((kind) => join(root, 'data', kind, split)) as [string, string];
  for (const dir of [images, labels]) mkdirSync(dir, { recursive: true });
  for (let i = 0; i < count; i++) {
    const scene = renderStreetScene({ seed: 2, index: i, width: 64, height: 48, variety: 'calm' });
    writeFileSync(join(images, `${i}.png`), await rgbPng(scene.image));
    writeFileSync(join(labels, `${i}.png`), indexPng(scene.labels));
  }
}

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  await writeSplit('train', 6);
  await writeSplit('val', 2);
  const classes = syntheticStreetsClasses.map(({ name, color }, id) => ({ id, name, color }));
  writeFileSync(join(root, 'data', 'classes.json'), JSON.stringify({ num_classes: 13, ignore_index: 255, classes }));
  const options = { data: join(root, 'data') };
  data = { train: await openSplit(options, 'train'), evaluated: await openSplit(options, 'val') };
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { out: quiet } = quietOutput();
const context = { out: quiet, signal: new AbortController().signal };
const options: Table2Options = {
  out: join(root, 'runs'),
  rows: ['uvim', 'vqgan'],
  steps: 4,
  set: ['tokenizer.batchSize=1', 'tokenizer.crop=[64,64]', 'tokenizer.codes=16', 'tokenizer.lr=1e-5'],
};

test('every config of the table is valid and named after its row', () => {
  for (const { name, config, maskige } of table2) {
    if (!config) continue;
    const { tokenizer } = loadConfig(join(configsFolder(), config));
    expect(config).toBe(`table-2/${name}.json`);
    expect(tokenizer.family === 'compact' || (tokenizer.input === 'maskige') === maskige).toBe(true);
  }
});

describe('a run', () => {
  let first: readonly Table2Result[];

  test('trains the rows that are asked for and names the others with a reason', async () => {
    const { results, finished } = await runTable2(data, options, context);
    first = results;
    expect(finished).toBe(true);
    expect(results.map(({ row }) => row.name)).toEqual(table2.map(({ name }) => name));
    for (const { row, outcome } of results) {
      if (row.name === 'uvim' || row.name === 'vqgan') {
        expect(outcome).toMatchObject({ training: { steps: 4 }, codes: 16, downsample: 4 });
      } else expect(outcome).toEqual({ skipped: '--rows leaves it out.' });
    }
  });

  test('goes on where it was: rows that are done are not trained again', async () => {
    const model = join(options.out, 'vqgan', 'tokenizer', 'model', 'model.safetensors');
    const before = readFileSync(model);
    const again = await runTable2(data, options, context);
    const figures = (results: readonly Table2Result[]) =>
      results.map(({ outcome }) =>
        'skipped' in outcome ? outcome : { ...outcome, training: outcome.training?.steps },
      );
    expect(figures(again.results)).toEqual(figures(first));
    expect(readFileSync(model).equals(before)).toBe(true);
  });

  test('refuses to go on with other settings, and says which', async () => {
    await expect(runTable2(data, { ...options, steps: 5, seed: 2 }, context)).rejects.toThrow(
      /this row was begun with other settings \(seed, .*tokenizer\.steps/,
    );
  });

  test('stops when interrupted, with nothing lost', async () => {
    const stopped = new AbortController();
    stopped.abort();
    const out = join(root, 'stopped');
    const result = await runTable2(data, { ...options, out }, { ...context, signal: stopped.signal });
    expect(result.finished).toBe(false);
    expect(existsSync(join(out, 'table-2.md'))).toBe(false);
  });

  test('prints the paper beside its own figures, marked as nano scale', () => {
    const facts = { data: 'streets, val', images: 2, classes: 13, seed: 0 };
    const markdown = table2Markdown(first, facts);
    expect(markdown).toContain('nano scale');
    expect(markdown).toContain('**The columns do not compare.**');
    expect(markdown).toMatch(
      /\| VQGAN \| ✓ \| 82\.16 \| 81\.89 \| \d+\.\d\d \| \d+\.\d\d \| 0\.\d\d M \| 1\/4 \| 16 \| 4 \|/,
    );
    expect(markdown).toMatch(/\| UViM, stage I \(reads the photo too\) \| {2}\| 89\.14 \| 78\.98 \|/);
    expect(markdown).toContain('- dvae was skipped: --rows leaves it out.');
    const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
    expect(lines).toHaveLength(2 + table2.length);
    expect(new Set(lines.map((line) => line.split('|').length)).size).toBe(1);
  });
});

test('a row that collapses is named with its reason, and the others go on', async () => {
  const set = [
    ...options.set!.filter((text) => !text.includes('codes') && !text.includes('lr')),
    'tokenizer.codes=2',
    'tokenizer.lr=1e-12',
  ];
  const { results } = await runTable2(data, { ...options, out: join(root, 'collapse'), rows: ['vqgan'], set }, context);
  const { outcome } = results.find(({ row }) => row.name === 'vqgan')!;
  expect(outcome).toMatchObject({ skipped: expect.stringMatching(/the codebook has collapsed at step 4/) });
});

test('a budget becomes steps: no more than the config asks for, shares of the run kept', async () => {
  const config = loadConfig(join(configsFolder(), 'table-2', 'vqgan.json'), [...options.set!, 'tokenizer.steps=40']);
  const { tokenizer } = withSteps(config, 20);
  expect(tokenizer.steps).toBe(20);
  const start = (c: typeof config) => (c.tokenizer.family === 'vqgan' ? (c.tokenizer.discriminator?.start ?? 0) : 0);
  expect(start(withSteps(config, 20))).toBe(Math.round(start(config) / 2));
  const stage = { ...context, config, train: data.train, dir: join(root, 'budget'), resume: true };
  expect(await stepsWithin(3600, stage, 2)).toBe(40);
  expect(await stepsWithin(0.001, stage, 2)).toBe(20);
  expect(existsSync(stage.dir)).toBe(false);
});
