import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { readSafetensors } from '@gss/checkpoint/node';
import { networkSpec } from '@gss/segmenter';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { parseConfig } from '../config/load.js';
import { type OpenedData, openSource, openSplit } from '../data/sources.js';
import { trainingData } from '../data/training-data.js';
import { trainPrior } from './prior.js';
import { spread } from './prior-evaluate.js';
import { priorModel } from './prior-model.js';
import { priorLearning } from './prior-phases.js';
import { trainTokenizer } from './tokenizer.js';

vi.setConfig({ testTimeout: 180_000 }); // a run of training is seconds, on a loaded machine minutes

const root = mkdtempSync(join(tmpdir(), 'gss-recipe-'));
const tokenizer = join(root, 'tokenizer', 'model');
const { out, notes } = quietOutput();
const signal = new AbortController().signal;
let whole: OpenedData;

const base = { steps: 4, batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.001, warmup: 0, checkpointEvery: 1 };
const configOf = (prior: object, rest: object = {}) =>
  parseConfig(
    {
      name: 'test',
      seed: 3,
      tokenizer: { ...base, variant: 'nano', codes: 16, codebookMasks: 2, steps: 0 },
      prior: { ...base, backbone: 'nano', ...prior },
      ...rest,
    },
    'test',
  );
/** Trains stage II as gss train does; returns the folder of the run. */
async function train(name: string, prior: object, { resume = false, stop = signal, rest = {} } = {}) {
  const config = configOf(prior, rest);
  const data = await trainingData(config, whole, async () => whole);
  const dir = join(root, name);
  const { finished } = await trainPrior({ config, ...data, dir, out, signal: stop, resume, tokenizer });
  return { dir, finished };
}
const logOf = (dir: string): Record<string, number>[] =>
  readFileSync(join(dir, 'prior', 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const modelOf = async (dir: string) =>
  Buffer.concat(
    [...(await readSafetensors(join(dir, 'model', 'model.safetensors'))).values()].map(({ data }) =>
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    ),
  );

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  whole = await openSource({ kind: 'synthetic-streets', seed: 1, width: 64, height: 48, count: 8, variety: 'calm' });
  await trainTokenizer({ config: configOf({}), train: whole, dir: root, out, signal, resume: false });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('evaluation while training', () => {
  const evaluate = { every: 2, count: 2, holdout: { share: 0.25 }, pictures: 1 };

  test('logs figures and pictures of held-out images, keeps the best weights, and resumes to the same model', async () => {
    notes.length = 0;
    const recipe = { evaluate, ema: { decay: 0.9 }, keep: 'best' };
    const { dir } = await train('evaluated', recipe);
    const evaluations = logOf(dir).filter((line) => 'val/mIoU' in line);
    expect(evaluations.map(({ step }) => step)).toEqual([2, 4]);
    expect(evaluations[0]).toMatchObject({ 'val/aAcc': expect.any(Number), 'val/seconds': expect.any(Number) });
    const best = evaluations[1]!['val/mIoU']! > evaluations[0]!['val/mIoU']! ? 4 : 2;
    expect(readdirSync(join(dir, 'prior', 'best'))).toEqual([`step-0000000${best}.safetensors`]);
    expect(notes.join('\n')).toMatch(/step 2: mIoU \d+\.\d\d on 2 held-out train images/);
    expect(notes.join('\n')).toMatch(new RegExp(`model: the best weights, of step ${best} \\(mIoU `));
    const events = readdirSync(join(dir, 'prior')).find((file) => file.startsWith('events'))!;
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
    const written = readFileSync(join(dir, 'prior', events));
    expect(written.indexOf(png)).toBeGreaterThan(0);
    const once = await modelOf(dir);

    const stopper = new AbortController();
    const stopAfter = { ...out, note: (text: string) => (text.startsWith('step 2') ? stopper.abort() : undefined) };
    const config = configOf(recipe);
    const data = await trainingData(config, whole);
    const again = join(root, 'again');
    const common = { config, ...data, dir: again, tokenizer };
    const part = await trainPrior({ ...common, out: stopAfter, signal: stopper.signal, resume: false });
    expect(part.finished).toBe(false);
    await trainPrior({ ...common, out, signal, resume: true });
    expect((await modelOf(again)).equals(once)).toBe(true);
  });

  test('of a split, and the last weights unless told otherwise', async () => {
    notes.length = 0;
    const { dir } = await train('split', { evaluate: { every: 4, count: 1, split: 'val', pictures: 0 } });
    expect(notes.join('\n')).toMatch(/on 1 images of val/);
    expect(notes.join('\n')).toContain('model: the weights of the last step, 4; the best were those of step 4');
    const plain = await train('plain', {});
    expect((await modelOf(dir)).equals(await modelOf(plain.dir))).toBe(true); // to look changes nothing
  });

  test('refuses what cannot be', async () => {
    await expect(train('x', { keep: 'best' })).rejects.toThrow('prior.keep=best needs prior.evaluate');
    expect(() => configOf({ evaluate: { every: 1, split: 'val', holdout: { share: 0.5 } } })).toThrow('not both');
    expect(() => configOf({ evaluate: { evry: 1 } })).toThrow('did you mean prior.evaluate.every?');
    const config = configOf({ evaluate });
    const context = { config, train: whole, dir: root, out, signal, resume: false, tokenizer };
    await expect(trainPrior(context)).rejects.toThrow('does not evaluate while it trains');
  });
});

describe('rare classes and near codes', () => {
  test('balanced crops, class weights and smoothed tokens train, each run alike, from counts that are kept', async () => {
    notes.length = 0;
    const recipe = {
      steps: 2,
      classBalance: 0.5,
      classWeights: 'median',
      tokenSmoothing: { weight: 0.2, temperature: 0.05 },
    };
    const one = await train('balanced', recipe);
    expect(notes.join('\n')).toMatch(/classes, % of the pixels of 8 images: road \d+\.\d\d, /);
    expect(notes.join('\n')).toMatch(/token smoothing: \d+\.\d\d % of a target stays with its token/);
    const counts = JSON.parse(readFileSync(join(one.dir, 'class-counts.json'), 'utf8'));
    expect(counts).toMatchObject({ images: 8, source: whole.source });
    expect(counts.pixels.reduce((a: number, b: number) => a + b)).toBeLessThanOrEqual(8 * 64 * 48);
    const losses = async (prior: object) => logOf((await train('again', prior)).dir).at(-1)!.loss;
    expect(await losses(recipe)).toBe(logOf(one.dir).at(-1)!.loss);
    const { tokenSmoothing: _, ...hard } = recipe;
    expect(await losses(hard)).not.toBe(logOf(one.dir).at(-1)!.loss);
  });

  test('weights of a wrong number are refused', async () => {
    await expect(train('x', { classWeights: [1, 2], steps: 1 })).rejects.toThrow('expected 13 numbers, one a class');
    await expect(train('x', { classWeights: 'medium' })).rejects.toThrow('prior.classWeights');
  });
});

describe('phases, rates, accumulation', () => {
  const recipe = {
    phases: [
      { steps: 1, freeze: { stages: 4 }, lr: 0.01 },
      { steps: 1, freeze: { stages: 2 } },
    ],
    freeze: { stages: 0 },
    schedule: 'cosine',
    warmup: 2,
    warmupRatio: 0.5,
  };

  test('say what trains when, at which rate', () => {
    const { prior } = configOf(recipe);
    const stage1 = { classes: [], palette: [], unlabelled: [0, 0, 0], tokenizer: {} } as never;
    const model = priorModel('x', prior, stage1, 16);
    const learning = priorLearning(prior, model, networkSpec(model));
    const frozen = (step: number) => (learning.modelAt(step).backbone.config as { frozenStages?: number }).frozenStages;
    expect([0, 1, 2, 3].map(frozen)).toEqual([4, 2, 0, 0]);
    const trains = (name: string) => [0, 1, 2, 3].map((step) => learning.updates!(name, step));
    expect(trains('backbone.stages.2.blocks.0.norm1.weight')).toEqual([false, true, true, true]);
    expect(trains('backbone.stages.0.blocks.0.norm1.weight')).toEqual([false, false, true, true]);
    expect(trains('backbone.patch_embed.projection.weight')).toEqual([false, false, false, false]);
    expect(trains('decode_head.conv_seg.weight')).toEqual([true, true, true, true]);
    expect(learning.trains('backbone.patch_embed.projection.weight')).toBe(false);
    const cosine = (step: number) => (1 + Math.cos((Math.PI * step) / 4)) / 2;
    expect(learning.schedule(0)).toBeCloseTo(0.01 * 0.5, 12);
    expect(learning.schedule(1)).toBeCloseTo(0.001 * cosine(1) * 0.75, 12);
    expect(learning.schedule(3)).toBeCloseTo(0.001 * cosine(3), 12);
    const { prior: long } = configOf({ phases: [{ steps: 4 }] });
    expect(() => priorLearning(long, model, networkSpec(model))).toThrow('prior.phases take 4 steps, the run has 4');
  });

  test('resume to the same bits across phases', async () => {
    const full = { ...recipe, accumulate: 2, divergence: {}, evaluate: { every: 1, count: 1, pictures: 0 } };
    const once = await modelOf((await train('phases', full)).dir);
    const stopper = new AbortController();
    const stopAt = { ...out, note: (text: string) => (text.startsWith('step 2') ? stopper.abort() : undefined) };
    const config = configOf(full);
    const data = await trainingData(config, whole, async () => whole);
    const dir = join(root, 'phases-resumed');
    const common = { config, ...data, dir, tokenizer };
    await trainPrior({ ...common, out: stopAt, signal: stopper.signal, resume: false });
    await trainPrior({ ...common, out, signal, resume: true });
    expect((await modelOf(dir)).equals(once)).toBe(true);
  });

  test('another run starts from the result, as far as it fits', async () => {
    const { dir } = await train('first', { steps: 1, evaluate: { every: 1, count: 1, pictures: 0 } });
    notes.length = 0;
    await train('warm', { steps: 1, init: dir });
    expect(notes.join('\n')).toMatch(/init: (\d+) of \1 tensors of the network from .*first\/model/);
    notes.length = 0;
    const best = join(dir, 'prior', 'best');
    await train('warm', { steps: 1, init: join(best, readdirSync(best)[0]!), head: 'tiny' });
    expect(notes.join('\n')).toMatch(/other shapes, started fresh: decode_head\.\S+ \[[\d,]+\] there, \[[\d,]+\] here/);
    await expect(train('x', { init: join(root, 'nowhere') })).rejects.toThrow(
      'is no run, model folder or file of weights',
    );
    await expect(train('x', { init: dir, pretrained: 'y' })).rejects.toThrow('leave prior.pretrained out');
  });
});

test('a holdout by name and data filters part the training data, for every stage', async () => {
  const names = Array.from({ length: 8 }, (_, i) => whole.dataset.name(i));
  const namesOf = ({ dataset }: OpenedData) => Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
  const config = configOf(
    { evaluate: { every: 1, holdout: { names: [`*${names[2]!.slice(-2)}`] } } },
    { data: { exclude: [names[0]!, '/7$/'] } },
  );
  const { train, evaluation } = await trainingData(config, whole);
  const left = names.filter((name) => name !== names[0] && !name.endsWith('7'));
  expect(namesOf(train)).toEqual(left.filter((name) => name !== names[2]));
  expect(namesOf((await evaluation!()).data)).toEqual([names[2]]);
  expect((await trainingData(configOf({}), whole)).train).toBe(whole);
  const split = configOf({ evaluate: { every: 1, split: 'test' } });
  await expect((await trainingData(split, whole)).evaluation!()).rejects.toThrow('prior.evaluate.split=test');
  const some = await openSplit({ include: ['*3'], exclude: ['*13'] }, 'val');
  expect(namesOf(some).every((name) => name.endsWith('3') && !name.endsWith('13'))).toBe(true);
});

test('positions are spread evenly', () => {
  expect(spread(10, 3)).toEqual([1, 5, 8]);
  expect(spread(3, 10)).toEqual([0, 1, 2]);
  expect(spread(4)).toEqual([0, 1, 2, 3]);
});
