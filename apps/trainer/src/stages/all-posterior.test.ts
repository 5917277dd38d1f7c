import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyInverse, createSegmenter } from '@gss/segmenter';
import { loadModelFolder, loadSegmenterFolder } from '@gss/segmenter/node';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { parseConfig } from '../config/load.js';
import { type OpenedData, openSource } from '../data/sources.js';
import { trainAll } from './all.js';
import { evaluateModel } from './evaluate.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const root = mkdtempSync(join(tmpdir(), 'gss-all-posterior-'));
const streets = { kind: 'synthetic-streets', seed: 1, width: 64, height: 48, variety: 'calm' } as const;
const base = { batchSize: 1, crop: [32, 32], ratioRange: [1, 1], warmup: 0, checkpointEvery: 5 };
/** Three stages of 12 steps; a run reports, and may be stopped, after the tenth of each. */
const configOf = (posterior: object, prior: object = {}) =>
  parseConfig(
    {
      name: 'test',
      seed: 2,
      tokenizer: { ...base, variant: 'squares', codes: 24, codebookMasks: 2, steps: 12, lr: 0.001 },
      prior: { ...base, backbone: 'nano', steps: 12, lr: 0.002, ...prior },
      posterior: { ...base, steps: 12, lr: 0.01, ...posterior },
    },
    'test',
  );
let train: OpenedData;
let val: OpenedData;
let notes: string[];

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSource({ ...streets, count: 6, split: 'train' });
  val = await openSource({ ...streets, count: 2, split: 'val' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run of all stages; stopped at the first report of the stage whose bar has this title. */
function run(name: string, config: ReturnType<typeof configOf>, { stop = '', resume = false } = {}) {
  const stopper = new AbortController();
  const quiet = quietOutput();
  notes = quiet.notes;
  const out = {
    ...quiet.out,
    progress: (title: string) => ({
      update: () => (stop && title.startsWith(stop) ? stopper.abort() : undefined),
      stop() {},
    }),
  };
  const evaluation = async () => ({ data: val, name: 'images of val' });
  return trainAll({ config, train, evaluation, dir: join(root, name), out, signal: stopper.signal, resume });
}
const weights = (folder: string) => readFileSync(join(folder, 'model.safetensors'));
/** The config of a folder without the share of time that stage II waited, which is another in every run. */
const configIn = (folder: string) => {
  const { training, ...config } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  return { ...config, training: { ...training, waiting: 0 } };
};
const context = { out: quietOutput().out };
const judge = async (segmenter: ReturnType<typeof createSegmenter>) => {
  const { signal } = new AbortController();
  const { mIoU, images } = await evaluateModel(segmenter, val.dataset, { ...context, signal });
  segmenter.dispose();
  return { mIoU, images };
};

describe('a config with a posterior stage trains, from labels to a model with the learned inverse', () => {
  const soft = { variant: 'ft-w', inverse: { channels: 8, heads: 2, hidden: 16, photo: true, soft: true } };

  test('ft-w beside photo and soft maskige, stopped in every stage and resumed, to the same bits', async () => {
    const config = configOf(soft, { decoding: 'marginal' });
    const { folder } = await run('whole', config);
    expect(folder).toBe(join(root, 'whole', 'posterior', 'model'));
    for (const stop of ['stage I ', 'stage II', 'X⁻¹ (ft-w)'])
      expect(await run('stopped', config, { stop, resume: true })).toMatchObject({ finished: false });
    const rest = await run('stopped', config, { resume: true });
    expect(notes.filter((note) => note.includes('finished before'))).toHaveLength(2);
    expect(notes.join('\n')).toContain('posterior: goes on from step 10, ');
    expect(weights(rest.folder!).equals(weights(folder!))).toBe(true);
    expect(configIn(rest.folder!)).toEqual(configIn(folder!));
    const { stages } = JSON.parse(readFileSync(join(root, 'stopped', 'stages.json'), 'utf8'));
    expect(stages.map(({ name }: { name: string }) => name)).toEqual(['tokenizer', 'prior', 'inverse']);
    // The model sums over codes no longer: that needs no inverse.
    const segmenter = await loadSegmenterFolder(folder!);
    expect(segmenter.config).toMatchObject({ ftw: { photo: true, soft: true }, decoding: 'argmax' });
    expect((await judge(segmenter)).images).toBe(2);
  });

  test('ft, whose model answers by its inverse', async () => {
    const { folder } = await run('ft', configOf({ variant: 'ft', inverse: { channels: 8 } }));
    const { config, params } = await loadModelFolder(folder!);
    const segmenter = await loadSegmenterFolder(folder!);
    const { image } = await val.dataset.read(0);
    const photo = tf.tensor4d(Float32Array.from(image.data), [1, image.height, image.width, 3]);
    const { scores, maskige } = segmenter.forward(photo);
    const own = applyInverse(maskige, params.inverse!, config);
    expect(tf.max(tf.abs(tf.sub(own, scores))).dataSync()[0]).toBeLessThan(1e-4);
    expect((await judge(segmenter)).images).toBe(2);
  });

  test('tt before stage II, whose evaluation while it trains reads the inverse as gss evaluate does', async () => {
    const config = configOf(
      { variant: 'tt', inverse: { channels: 8 } },
      { evaluate: { every: 12, pictures: 0 }, decoding: 'argmax' },
    );
    const { folder } = await run('tt', config);
    expect(folder).toBe(join(root, 'tt', 'model'));
    const lines = readFileSync(join(root, 'tt', 'prior', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const evaluated = lines
      .map((line) => JSON.parse(line) as Record<string, number>)
      .find((line) => 'val/mIoU' in line);
    const segmenter = await loadSegmenterFolder(folder!);
    expect(segmenter.config.ft).toMatchObject({ channels: 8 });
    expect(evaluated?.['val/mIoU']).toBeCloseTo((await judge(segmenter)).mIoU, 4);
    const { config: saved, params } = await loadModelFolder(folder!);
    const { ft: _, ...bare } = saved;
    const { inverse: __, ...rest } = params;
    expect(evaluated?.['val/mIoU']).not.toBeCloseTo(
      (await judge(createSegmenter(bare, rest as typeof params))).mIoU,
      3,
    );
  });

  test('what the last stage would refuse is refused before the first', async () => {
    await expect(run('early', configOf({}))).rejects.toThrow(/which variant\?/);
    await expect(run('early', configOf({ variant: 'ft', palette: 'random' }))).rejects.toThrow(
      /keeps the model's palette/,
    );
    for (const side of ['soft', 'marginal'])
      await expect(run('early', configOf({ variant: 'tt', inverse: { [side]: true } }))).rejects.toThrow(
        `${side} is for ft-w`,
      );
    expect(notes).toEqual([]);
    const both = configOf({ variant: 'tt', inverse: { channels: 8 } }, { decoding: 'marginal' });
    await expect(run('early', both)).rejects.toThrow(/leaves no use for the inverse of tt/);
  });
});
