import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDataset } from '@gss/datasets/node';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { mkdirSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { parseConfig } from '../config/load.js';
import { type OpenedData, openSource } from '../data/sources.js';
import { trainingData } from '../data/training-data.js';
import { skipOptions } from '../data/unreadable.js';
import { type AllContext, type TrainStage, trainAll, trainStages } from './all.js';
import { trainPosterior } from './posterior/posterior.js';

vi.setConfig({ testTimeout: 180_000 }); // a run of training is seconds, on a loaded machine minutes

const root = mkdtempSync(join(tmpdir(), 'gss-all-'));
const { out, notes } = quietOutput();
const signal = new AbortController().signal;
const streets = { kind: 'synthetic-streets', seed: 1, width: 64, height: 48, count: 6, variety: 'calm' } as const;
const base = { steps: 1, batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.001, warmup: 0 };
const configOf = (prior: object = {}, rest: object = {}) =>
  parseConfig(
    {
      name: 'test',
      tokenizer: { ...base, variant: 'nano', codes: 16, codebookMasks: 2, steps: 0 },
      prior: { ...base, backbone: 'nano', ...prior },
      ...rest,
    },
    'test',
  );
let train: OpenedData;

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSource(streets);
});
beforeEach(() => {
  notes.length = 0;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('trainAll', () => {
  /** Stages that only note that they ran; `stop` is interrupted. */
  const stagesOf = (ran: string[], stop?: string): TrainStage[] =>
    trainStages.map((stage) => ({
      ...stage,
      run: async ({ dir, resume }, folders) => {
        ran.push(`${stage.name}${resume ? ' on' : ''} after ${[...folders.keys()].join('+')}`);
        const folder = join(dir, stage.name);
        if (stage.name === stop) return { finished: false, seconds: 1, folder: undefined };
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, 'config.json'), '{}');
        return { finished: true, seconds: 1, folder };
      },
    }));
  const go = async (
    dir: string,
    rest: object = {},
    { resume = false, stop = '', prior = {}, tokenizer = undefined as string | undefined } = {},
  ) => {
    const ran: string[] = [];
    const config = configOf(prior, { posterior: undefined, ...rest });
    const context: AllContext = { config, train, dir: join(root, dir), out, signal, resume, tokenizer };
    mkdirSync(context.dir, { recursive: true });
    return { ran, result: await trainAll(context, stagesOf(ran, stop)) };
  };
  const posterior = (variant: string) => ({ posterior: { variant, crop: [32, 32] } });

  test('a tokenizer that there is takes the place of stage I, and another one begins stage II again', async () => {
    const first = await go('given', posterior('ft'), { tokenizer: 'published/a' });
    expect(first.ran).toEqual(['prior after tokenizer', 'inverse after tokenizer+prior']);
    expect((await go('given', posterior('ft'), { tokenizer: 'published/a', resume: true })).ran).toEqual([]);
    const other = await go('given', posterior('ft'), { tokenizer: 'published/b', resume: true });
    expect(other.ran).toEqual(['prior on after tokenizer', 'inverse on after tokenizer+prior']);
  });

  test('runs the stages that a config has, in the order that its variant needs', async () => {
    const plain = await go('plain');
    expect(plain.ran).toEqual(['tokenizer after ', 'prior after tokenizer']);
    expect(plain.result).toEqual({ finished: true, seconds: 2, folder: join(root, 'plain', 'prior') });
    const tf = ['tokenizer after ', 'palette after tokenizer', 'prior after tokenizer+palette'];
    expect((await go('tf', posterior('tf'))).ran).toEqual(tf);
    const ft = await go('ft', posterior('ft-w'));
    expect(ft.ran).toEqual(['tokenizer after ', 'prior after tokenizer', 'inverse after tokenizer+prior']);
    expect(ft.result.folder).toBe(join(root, 'ft', 'inverse'));
    const twin = await go('twin', posterior('ft-w'), { prior: { kind: 'discriminative' } });
    expect(twin.ran).toEqual(plain.ran);
  });

  test('stops at an interruption and goes on there, skipping what finished with the same config', async () => {
    const stopped = await go('stopped', posterior('ft'), { stop: 'prior' });
    expect(stopped.result.finished).toBe(false);
    const rest = await go('stopped', posterior('ft'), { resume: true });
    expect(rest.ran).toEqual(['prior on after tokenizer', 'inverse on after tokenizer+prior']);
    expect(notes.join('\n')).toContain('1/3 tokenizer: finished before, ');
    expect((await go('stopped', posterior('ft'), { resume: true })).ran).toEqual([]);
    const other = await go('stopped', posterior('ft'), { resume: true, prior: { lr: 0.5 } });
    expect(other.ran).toEqual(['prior on after tokenizer', 'inverse on after tokenizer+prior']);
    expect((await go('stopped', posterior('ft'))).ran).toHaveLength(3); // without --resume all over
    rmSync(join(root, 'stopped', 'tokenizer'), { recursive: true });
    expect((await go('stopped', posterior('ft'), { resume: true })).ran).toEqual(['tokenizer on after ']);
  });
});

test('one unreadable sample: a run ends with its name, or leaves it out, says so and trains on, from labels to a model', async () => {
  const folder = join(root, 'data');
  await prepareDataset({ source: streets, out: folder, format: 'folder', split: 'train' });
  const pictures = readdirSync(join(folder, 'images', 'train')).sort();
  writeFileSync(join(folder, 'images', 'train', pictures[0]!), 'no picture');
  const source = { kind: 'folder', root: folder, split: 'train' } as const;
  const name = pictures[0]!.replace('.png', '');
  await expect(openSource(source)).rejects.toThrow(pictures[0]);
  const posterior = { ...base, steps: 6, variant: 'ft', inverse: { channels: 8 } };
  const run = async (data: object, dir: string) => {
    const config = configOf({ classBalance: 0.5, steps: 6 }, { data, posterior });
    const skip = skipOptions(config, out.note);
    const opened = await trainingData(config, await openSource(source, skip), undefined, skip);
    return trainAll({ config, ...opened, dir: join(root, dir), out, signal, resume: false });
  };
  const { folder: model } = await run({ unreadable: 'skip', maxUnreadable: 1 }, 'skipped');
  expect(model).toBe(join(root, 'skipped', 'posterior', 'model'));
  expect(notes.join('\n')).toContain(`left out (at most 1 may be): ${name}: `);
  for (const stage of ['prior', 'posterior']) {
    const log = readFileSync(join(root, 'skipped', stage, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(JSON.parse(log.at(-1)!)).toMatchObject({ 'data/unreadable': 1, 'time/waiting': expect.any(Number) });
  }
  const skip = { max: 1 };
  const alone = { train: await openSource(source, skip), dir: join(root, 'alone'), out, signal, resume: false };
  const trained = join(root, 'skipped', 'model');
  await expect(
    trainPosterior({ config: configOf({}, { posterior }), ...alone, model: trained }), // data.unreadable is stop
  ).rejects.toThrow(`sample ${name} cannot be read: `);
  await expect(run({ unreadable: 'skip', maxUnreadable: 0 }, 'stopped-at-0')).rejects.toThrow(
    `data: 1 samples cannot be read, data.maxUnreadable is 0.\n  ${name}: `,
  );
  expect(notes.join('\n')).toMatch(/stage II: \d+\.\d\d % of the time was spent waiting for data/);
});
