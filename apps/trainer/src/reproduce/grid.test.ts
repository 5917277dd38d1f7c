import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { DivergedError } from '@gss/train/node';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { seedCountOrList, seedsOf } from '../commands/reproduce-grid.js';
import { configsFolder } from '../config/folder.js';
import { loadConfig } from '../config/load.js';
import { openSource } from '../data/sources.js';
import { type Figures, type GridRow, runGrid, summary } from './grid.js';
import { gridMarkdown } from './grid-markdown.js';
import { runTable1, type TableData, table1 } from './table-1.js';
import { runTable3, table3 } from './table-3.js';
import { runTable9, table9 } from './table-9.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const root = mkdtempSync(join(tmpdir(), 'gss-grid-'));
const { out: quiet } = quietOutput();
const context = { out: quiet, signal: new AbortController().signal };
let data: TableData;

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  const streets = { kind: 'synthetic-streets', seed: 1, width: 64, height: 32, variety: 'calm' } as const;
  data = {
    train: await openSource({ ...streets, count: 3, split: 'train' }),
    evaluated: await openSource({ ...streets, count: 2, split: 'val' }),
  };
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('--seeds takes a number of them from --seed on, or a list', () => {
  expect(seedsOf(4, seedCountOrList('3'))).toEqual([4, 5, 6]);
  expect(seedsOf(4, seedCountOrList('0, 2,1'))).toEqual([0, 2, 1]);
  for (const wrong of ['0', '1,1', '1,-2', 'a']) expect(() => seedCountOrList(wrong)).toThrow(/expected/);
});

describe('a grid', () => {
  const rows: GridRow[] = [
    { name: 'a', design: 'A', paper: 50 },
    { name: 'b', design: 'B' },
    { name: 'c', design: 'C' },
  ];
  const settings = () => ({ fixed: true });
  const options = { out: join(root, 'grid'), seeds: [0, 1] };

  test('runs every row with every seed once, names what diverges and what is left out', async () => {
    const ran: string[] = [];
    const run = async ({ row, seed }: { row: GridRow; seed: number }): Promise<Figures> => {
      ran.push(`${row.name}${seed}`);
      if (row.name === 'b') throw new DivergedError('it diverged');
      return { mIoU: 40 + 10 * seed };
    };
    const wanted = { ...options, rows: ['a', 'b'] };
    const { results, finished } = await runGrid(rows, wanted, { settings, run }, context);
    expect(finished).toBe(true);
    expect(ran).toEqual(['a0', 'a1', 'b0']);
    expect(summary(results[0]!.outcome, 'mIoU')).toEqual({ mean: 45, deviation: Math.sqrt(50), runs: 2 });
    expect(results[1]!.outcome).toEqual({ skipped: 'it diverged' });
    expect(results[2]!.outcome).toEqual({ skipped: '--rows leaves it out.' });
    const again = await runGrid(rows, { ...wanted, rows: ['a'] }, { settings, run }, context);
    expect(again.results[0]).toEqual(results[0]);
    expect(ran).toHaveLength(3);
    const text = gridMarkdown(results, {
      title: 'T',
      caution: ['Beware.'],
      paper: [{ title: 'paper', value: ({ paper }) => paper }],
      columns: [{ title: 'here', key: 'mIoU' }],
      command: 'npx gss reproduce t',
    });
    expect(text).toContain('| A | 50.00 | 45.00 ± 7.07 |');
    expect(text).toContain('- b was skipped: it diverged');
    expect(text).toContain('- ±: the sample standard deviation over the seeds.');
    expect(ran.slice(3)).toEqual([]);
    const more = await runGrid(rows, { ...wanted, rows: ['a'], seeds: [1, 7] }, { settings, run }, context);
    expect([ran.slice(3), summary(more.results[0]!.outcome, 'mIoU')?.mean]).toEqual([['a7'], 80]);
  });

  test('refuses to go on with other settings, and stops when interrupted', async () => {
    const other = { settings: () => ({ fixed: false }), run: async (): Promise<Figures> => ({ mIoU: 1 }) };
    await expect(runGrid(rows, options, other, context)).rejects.toThrow(/begun with other settings/);
    const stopped = new AbortController();
    stopped.abort();
    const late = await runGrid(rows, { ...options, out: join(root, 'late') }, other, {
      ...context,
      signal: stopped.signal,
    });
    expect(late.finished).toBe(false);
  });
});

test('every row of the tables has a valid config named after it', () => {
  const folder = configsFolder();
  for (const { name } of table1)
    expect(loadConfig(join(folder, 'table-1', `${name}.json`)).posterior?.variant).toBe(name);
  for (const { name } of table9)
    expect(loadConfig(join(folder, 'table-9', `${name}.json`)).posterior?.palette).toBe(name);
  const heads = table3.map(({ name }) => loadConfig(join(folder, 'table-3', `${name}.json`)).prior.head);
  expect(heads).toEqual(['nano-baseline', 'nano-auxiliary', 'nano-quarter', 'nano']);
});

const tiny = [
  'tokenizer.steps=1',
  'tokenizer.codes=16',
  'tokenizer.seedBatches=1',
  'tokenizer.batchSize=1',
  'tokenizer.crop=[32,32]',
];

describe('the tables at work', () => {
  const set = [...tiny, 'posterior.crop=[32,32]', 'posterior.batchSize=1'];
  const out = join(root, 'table-1');

  test('table-1: free and trained rows around one tokenizer', async () => {
    const options = { out, rows: ['ff', 'tf'], seeds: [0], steps: 2, set };
    const { results, finished } = await runTable1(data, options, context);
    expect(finished).toBe(true);
    const figures = results.flatMap(({ outcome }) =>
      'runs' in outcome ? outcome.runs.map(({ figures }) => figures) : [],
    );
    expect(figures.map(({ steps }) => steps)).toEqual([0, 2]);
    for (const { mIoU, linear } of figures) {
      expect(mIoU).toBeGreaterThan(0);
      expect(linear).toBeGreaterThan(0);
    }
    expect(existsSync(join(out, 'tokenizer', 'seed-0', 'tokenizer', 'model', 'config.json'))).toBe(true);
  });

  test('table-9: a tokenizer that is named is used, one for a single palette refused', async () => {
    const tokenizer = join(out, 'tokenizer', 'seed-0', 'tokenizer', 'model');
    const options = { out: join(root, 'table-9'), seeds: [0], shapes: 1, tokenizer };
    const { results } = await runTable9(data, options, context);
    for (const { outcome } of results) {
      expect(summary(outcome, 'mIoU')?.mean).toBeGreaterThan(0);
      expect(summary(outcome, 'shapes/aAcc')?.runs).toBe(1);
    }
    const own = join(root, 'table-3', 'tokenizer', 'seed-0', 'tokenizer', 'model');
    const small = ['prior.crop=[32,64]', 'prior.batchSize=1', 'tokenizer.codes=16', 'tokenizer.codebookMasks=2'];
    const third = { out: join(root, 'table-3'), rows: ['baseline'], seeds: [0], steps: 2, set: small };
    const ablation = await runTable3(data, third, context);
    expect(summary(ablation.results[0]!.outcome, 'ceiling')?.mean).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(join(own, 'config.json'), 'utf8'))).toMatchObject({ format: 'gss-tokenizer' });
    const wrong = { ...options, out: join(root, 'wrong'), tokenizer: own };
    await expect(runTable9(data, wrong, context)).rejects.toThrow(/was made for one palette/);
  });
});
