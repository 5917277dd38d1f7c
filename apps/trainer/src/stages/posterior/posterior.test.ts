import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maximalDistancePalette } from '@gss/maskige';
import { randomPalette } from '@gss/maskige/design';
import { loadModelFolder, loadSegmenterFolder, loadTokenizerFolder } from '@gss/segmenter/node';
import { disposeTree, namedTensors, type Tree } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { quietOutput } from '../../cli/test-output.js';
import { parseConfig } from '../../config/load.js';
import { openSplit } from '../../data/sources.js';
import { evaluateModel } from '../evaluate.js';
import { evaluateTokenizer } from '../oracle.js';
import { trainPrior } from '../prior.js';
import { trainTokenizer } from '../tokenizer.js';
import { openAnyTokenizer } from '../tokenizers/open.js';
import { trainPosterior } from './posterior.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const root = mkdtempSync(join(tmpdir(), 'gss-posterior-'));
const tokenizer = join(root, 'tokenizer', 'model');
const model = join(root, 'model');
const { out } = quietOutput();
const signal = new AbortController().signal;
let train: Awaited<ReturnType<typeof openSplit>>;

const base = { steps: 2, batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.001, warmup: 0 };
const small = { channels: 8, heads: 2, hidden: 16 };
const configOf = (posterior: object) =>
  parseConfig(
    {
      name: 'test',
      seed: 3,
      tokenizer: {
        ...base,
        variant: 'nano',
        codes: 24,
        codebook: 'k-means',
        seedBatches: 2,
        masks: 'procedural',
        recolour: true,
        classWeight: 0,
      },
      prior: { ...base, backbone: 'nano' },
      posterior: { ...base, steps: 3, inverse: small, ...posterior },
    },
    'test',
  );
interface Run {
  readonly model?: string;
  readonly signal?: AbortSignal;
  readonly resume?: boolean;
  readonly tokenizer?: string | undefined;
}
const run = (name: string, posterior: object, options: Run = {}) =>
  trainPosterior({
    config: configOf(posterior),
    train,
    dir: join(root, name),
    out,
    signal,
    resume: false,
    tokenizer,
    ...options,
  });
/** Every value of a tree, by name. */
const valuesOf = (tree: unknown) =>
  new Map([...namedTensors(tree as Tree<tf.Tensor>)].map(([name, tensor]) => [name, [...tensor.dataSync()]]));
const weightsOf = async (folder: string) => {
  const { params, inverse } = await loadTokenizerFolder(folder);
  const values = { tokenizer: valuesOf(params), inverse: inverse && valuesOf(inverse) };
  disposeTree(params as Tree<tf.Tensor>);
  if (inverse) disposeTree(inverse as Tree<tf.Tensor>);
  return values;
};

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSplit({}, 'train');
  const config = configOf({});
  await trainTokenizer({ config, train, dir: root, out, signal, resume: false });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the free variants', () => {
  test('ff-r and ff give the tokenizer its palette, and the inverse that was asked for', async () => {
    const random = await run('ff-r', { variant: 'ff-r', free: 'linear' });
    const designed = await run('ff', { variant: 'ff' });
    const one = await loadTokenizerFolder(random.folder!);
    const two = await loadTokenizerFolder(designed.folder!);
    expect(one.config).toMatchObject({ palette: randomPalette(13, { seed: 3 }), inverse: 'linear' });
    expect(two.config).toMatchObject({ palette: maximalDistancePalette(13), inverse: 'nearest' });
    expect(two.config.training).toMatchObject({ anyPalette: true, posterior: { variant: 'ff' } });
    expect(valuesOf(one.params)).toEqual((await weightsOf(tokenizer)).tokenizer);
    disposeTree(one.params as Tree<tf.Tensor>);
    disposeTree(two.params as Tree<tf.Tensor>);
  });

  test('a palette of the config is taken as it is, of the right length alone', async () => {
    const palette = maximalDistancePalette(20).slice(7);
    const { folder } = await run('own', { variant: 'ff', palette });
    expect((await loadTokenizerFolder(folder!)).config.palette).toEqual(palette);
    await expect(run('short', { variant: 'ff', palette: palette.slice(1) })).rejects.toThrow(
      /posterior.palette has 12 colours but the data 13 classes/,
    );
  });
});

describe.each(['tf', 'tt'] as const)('%s', (variant) => {
  test('trains the palette through the tokenizer, which stays as it is', async () => {
    const { folder, finished } = await run(variant, { variant, lr: 0.5, gumbel: { noise: true } });
    expect(finished).toBe(true);
    const { config } = await loadTokenizerFolder(folder!);
    const start = randomPalette(13, { seed: 3 });
    expect(config.palette).not.toEqual(start);
    for (const value of config.palette.flat()) expect(Number.isInteger(value) && value >= 0 && value <= 255).toBe(true);
    const weights = await weightsOf(folder!);
    expect(weights.tokenizer).toEqual((await weightsOf(tokenizer)).tokenizer);
    expect(weights.inverse === undefined).toBe(variant === 'tf');
  });

  test('goes on after an interruption bit for bit', async () => {
    const controller = new AbortController();
    const options = { variant, checkpointEvery: 1, objective: 'bound' };
    const stopping = { ...out, progress: () => ({ update: () => controller.abort(), stop() {} }) };
    const dir = join(root, `${variant}-stopped`);
    const config = configOf({ ...options, steps: 12 });
    const stage = { config, train, dir, tokenizer };
    const first = await trainPosterior({ ...stage, out: stopping, signal: controller.signal, resume: false });
    expect(first).toMatchObject({ finished: false, folder: undefined }); // stopped at the first report, step 10
    const second = await trainPosterior({ ...stage, out, signal, resume: true });
    const straight = await run(`${variant}-straight`, { ...options, steps: 12 });
    const read = (folder: string) => readFileSync(join(folder, 'model.safetensors'));
    expect(read(second.folder!).equals(read(straight.folder!))).toBe(true);
    expect(readFileSync(join(second.folder!, 'config.json'), 'utf8')).toBe(
      readFileSync(join(straight.folder!, 'config.json'), 'utf8'),
    );
  });
});

test('ft learns an inverse that evaluation of the tokenizer reads', async () => {
  const { folder } = await run('ft', { variant: 'ft', steps: 40, lr: 0.03, batchSize: 1, tokenNoise: 0.05 });
  const val = await openSplit({}, 'val');
  const few = { ...val, dataset: { ...val.dataset, length: 2, read: (i: number) => val.dataset.read(i) } };
  const learned = await evaluateTokenizer(await openAnyTokenizer(folder!, val.classes), few, { out, signal });
  const untrained = await run('ft-0', { variant: 'ft', steps: 1 });
  const before = await evaluateTokenizer(await openAnyTokenizer(untrained.folder!, val.classes), few, { out, signal });
  expect(learned.evaluation.aAcc).toBeGreaterThan(before.evaluation.aAcc + 10);
});

test('ft with class weights learns the classes that have one', async () => {
  const sky = 8;
  const classWeights = Array.from({ length: 13 }, (_, i) => Number(i === sky));
  const { folder } = await run('ft-weights', { variant: 'ft', steps: 40, lr: 0.03, batchSize: 1, classWeights });
  const val = await openSplit({}, 'val');
  const few = { ...val, dataset: { ...val.dataset, length: 2, read: (i: number) => val.dataset.read(i) } };
  const { evaluation } = await evaluateTokenizer(await openAnyTokenizer(folder!, val.classes), few, { out, signal });
  expect(val.classes[sky]!.name).toBe('sky');
  expect(evaluation.perClass[sky]!.acc).toBeGreaterThan(99);
  expect(evaluation.aAcc).toBeLessThan(50); // all is sky: nothing else counted
});

describe('ft-w around a model', () => {
  beforeAll(async () => {
    const { folder } = await run('ff-for-prior', { variant: 'ff' });
    const config = configOf({});
    const trained = await trainPrior({ config, train, dir: root, out, signal, resume: false, tokenizer: folder! });
    expect(trained.folder).toBe(model);
  });

  test('leaves a whole model that evaluate reads; the prior and the tokenizer are frozen', async () => {
    const { folder } = await run('ft-w', { variant: 'ft-w' }, { model });
    const before = await loadModelFolder(model);
    const after = await loadModelFolder(folder!);
    expect(after.config.ftw).toMatchObject({ ...small, depth: 1, window: 7, classes: 13 });
    expect(after.config.training).toMatchObject({ posterior: { variant: 'ft-w', steps: 3 } });
    const then = valuesOf(before.params);
    const now = valuesOf(after.params);
    for (const [name, values] of then) expect([name, now.get(name)]).toEqual([name, values]);
    const segmenter = await loadSegmenterFolder(folder!);
    const val = await openSplit({}, 'val');
    const one = { ...val.dataset, length: 1, read: (i: number) => val.dataset.read(i) };
    expect((await evaluateModel(segmenter, one, { out, signal })).images).toBe(1);
    segmenter.dispose();
    // Again around a model that has an inverse: the old one is left out.
    const again = await run('ft-w-again', { variant: 'ft' }, { model: folder! });
    expect((await loadModelFolder(again.folder!)).config).toMatchObject({ ft: { channels: 8, classes: 13 } });
    expect((await loadModelFolder(again.folder!)).config.ftw).toBeUndefined();
  });

  test('learns from pictures as large as the model sees them', async () => {
    const large = join(root, 'large');
    cpSync(model, large, { recursive: true });
    const config = JSON.parse(readFileSync(join(large, 'config.json'), 'utf8'));
    const inference = { ...config.inference, mode: 'whole', scale: [384, 256] };
    writeFileSync(join(large, 'config.json'), JSON.stringify({ ...config, inference }));
    const inverseOf = async (name: string, posterior: object) => {
      const { folder } = await run(name, { variant: 'ft', steps: 1, ...posterior }, { model: large });
      const { params } = await loadModelFolder(folder!);
      return valuesOf(params.inverse);
    };
    const untold = await inverseOf('scale-untold', {});
    expect(untold).toEqual(await inverseOf('scale-told', { scale: [384, 256] }));
    expect(untold).not.toEqual(await inverseOf('scale-other', { scale: [192, 128] }));
  });

  test('freeze: reference lets the running means of the prior move, and resumes bit for bit', async () => {
    const options = { variant: 'ft-w', freeze: 'reference', steps: 12, checkpointEvery: 10 };
    const { folder } = await run('moving', options, { model });
    const then = valuesOf((await loadModelFolder(model)).params);
    const now = valuesOf((await loadModelFolder(folder!)).params);
    const moved = [...then].filter(([name, values]) => values.join() !== now.get(name)!.join()).map(([name]) => name);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.filter((name) => !/running_(mean|var)|num_batches/.test(name))).toEqual([]);
    const controller = new AbortController();
    const stopping = { ...out, progress: () => ({ update: () => controller.abort(), stop() {} }) };
    const stage = { config: configOf(options), train, dir: join(root, 'moving-stopped'), tokenizer, model };
    await trainPosterior({ ...stage, out: stopping, signal: controller.signal, resume: false });
    const second = await trainPosterior({ ...stage, out, signal, resume: true });
    const read = (where: string) => readFileSync(join(where, 'model.safetensors'));
    expect(read(second.folder!).equals(read(folder!))).toBe(true);
  });

  test('a checkpoint of a half-trained stage II will do, and photo and soft maskige beside the maskige', async () => {
    const checkpoints = join(root, 'prior', 'checkpoints');
    const file = join(
      checkpoints,
      readdirSync(checkpoints)
        .filter((name) => name.endsWith('.safetensors'))
        .at(-1)!,
    );
    const options = { variant: 'ft-w', inverse: { ...small, photo: true, soft: true }, tokenNoise: 0.1 };
    const { folder } = await run('half', options, { model: file });
    const segmenter = await loadSegmenterFolder(folder!);
    expect(segmenter.config.ftw).toMatchObject({ photo: true, soft: true });
    const scores = segmenter.forward(tf.zeros([1, 64, 64, 3])).scores;
    expect(scores.shape).toEqual([1, 64, 64, 13]);
    segmenter.dispose();
    const sums = { variant: 'ft-w', inverse: { ...small, marginal: true } };
    await expect(run('sums', sums, { model })).rejects.toThrow(/variant squares/); // these depend on their neighbours
  });
});

test('an inverse that sees p(c|x) learns around a model of squares, frozen or moving', async () => {
  const squares = { ...base, variant: 'squares', codes: 24, steps: 0, codebookMasks: 8 };
  const dir = join(root, 'squares');
  const plain = configOf({});
  const config = { ...plain, tokenizer: parseConfig({ ...plain, tokenizer: squares }, 'test').tokenizer };
  const stage = { config, train, dir, out, signal, resume: false };
  await trainTokenizer(stage);
  const { folder } = await trainPrior({ ...stage, tokenizer: join(dir, 'tokenizer', 'model') });
  const options = { variant: 'ft-w', inverse: { ...small, photo: true, marginal: true } };
  for (const freeze of ['real', 'reference']) {
    const made = await run(`squares-${freeze}`, { ...options, freeze }, { model: folder! });
    const segmenter = await loadSegmenterFolder(made.folder!);
    expect(segmenter.config).toMatchObject({ decoding: 'argmax', ftw: { photo: true, marginal: true } });
    const { decode_head } = (await loadModelFolder(made.folder!)).params;
    expect(Math.max(...decode_head.cls_segmap!.conv.weight.abs().dataSync())).toBeGreaterThan(0); // 0 before training
    expect(segmenter.forward(tf.zeros([1, 64, 64, 3])).scores.shape).toEqual([1, 64, 64, 13]);
    segmenter.dispose();
  }
});

test('what cannot be is refused with a remedy', async () => {
  await expect(run('x', {})).rejects.toThrow(/which variant\? Give --variant ff-r\|ff\|ft\|tf\|tt\|ft-w/);
  await expect(run('x', { variant: 'tf' }, { model })).rejects.toThrow(/tf needs no model/);
  await expect(run('x', { variant: 'ft-w', inverse: { ...small, soft: true } })).rejects.toThrow(/Name a model/);
  await expect(run('x', { variant: 'ft-w', inverse: { channels: 9, heads: 2 } })).rejects.toThrow(
    /2 heads do not divide 9/,
  );
  await expect(run('x', { variant: 'ff' }, { tokenizer: undefined })).rejects.toThrow(/--tokenizer/);
  await expect(run('x', { variant: 'tf', classWeights: 'median' })).rejects.toThrow(/classWeights are for ft and ft-w/);
  await expect(run('x', { variant: 'tt', crop: [30, 32] })).rejects.toThrow(/squares of 4 pixels/);
  expect(existsSync(join(root, 'x', 'posterior', 'model'))).toBe(false);
});
