import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder, loadSegmenterFolder } from '@gss/segmenter/node';
import { disposeTree, namedTensors, type Tree } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { quietOutput } from '../../cli/test-output.js';
import { parseConfig } from '../../config/load.js';
import { openSplit } from '../../data/sources.js';
import { trainPrior } from '../prior.js';
import { trainTokenizer } from '../tokenizer.js';
import { trainPosterior } from './posterior.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const root = mkdtempSync(join(tmpdir(), 'gss-joint-'));
const tokenizer = join(root, 'tokenizer', 'model');
const model = join(root, 'model');
const { out } = quietOutput();
const signal = new AbortController().signal;
let train: Awaited<ReturnType<typeof openSplit>>;

const base = { steps: 2, batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.001, warmup: 0 };
const configOf = (posterior: object) =>
  parseConfig(
    {
      name: 'test',
      seed: 3,
      tokenizer: { ...base, variant: 'squares', codes: 24, steps: 0, codebookMasks: 8 },
      prior: { ...base, backbone: 'nano', classifier: 'tied', decoding: 'marginal', marginalWeight: 1 },
      posterior: {
        ...base,
        variant: 'ft-w',
        inverse: { channels: 8, heads: 2, hidden: 16, marginal: true },
        weightDecay: 0, // else what has no gradient would move as well
        ...posterior,
      },
    },
    'test',
  );
const stageOf = (name: string, posterior: object) => ({
  config: configOf(posterior),
  train,
  dir: join(root, name),
  out,
  signal,
  resume: false,
});
const tune = async (name: string, posterior: object) =>
  (await trainPosterior({ ...stageOf(name, posterior), model })).folder!;

/** Names of the network's parameters, without running statistics, that differ between two model folders. */
async function moved(one: string, two: string): Promise<string[]> {
  const values = [];
  for (const folder of [one, two]) {
    const { params } = await loadModelFolder(folder);
    values.push(new Map([...namedTensors(params as Tree<tf.Tensor>)].map(([k, v]) => [k, v.dataSync().join()])));
    disposeTree(params as Tree<tf.Tensor>);
  }
  const [before, after] = values;
  return [...before!]
    .filter(([name, value]) => !/running_(mean|var)|num_batches/.test(name) && after!.get(name) !== value)
    .map(([name]) => name);
}

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
  train = await openSplit({}, 'train');
  const stage = { ...stageOf('.', {}), dir: root };
  await trainTokenizer(stage);
  const trained = await trainPrior({ ...stage, tokenizer });
  expect(trained.folder).toBe(model);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each(['marginal', 'soft'])("the inverse's gradient reaches the whole network through %s", async (side) => {
  const inverse = { channels: 8, heads: 2, hidden: 16, [side]: true };
  const names = await moved(model, await tune(side, { steps: 3, inverse, joint: { priorWeight: 0 } }));
  expect(names.some((name) => name.startsWith('backbone.'))).toBe(true);
  expect(names.some((name) => name.startsWith('decode_head.'))).toBe(true);
  // Neither the tokenizer and the tied table, which stay, nor the auxiliary head, which only stage II's loss reads.
  expect(names.filter((name) => /^tokenizer\.|conv_seg\.1\.weight|conv_seg_pixel/.test(name))).toEqual([]);
});

test("stage II's loss counts, and the network has a rate of its own", async () => {
  const own = await tune('own', { joint: { priorWeight: 0 } });
  const held = await tune('held', { joint: { priorWeight: 1 } });
  expect((await moved(own, held)).length).toBeGreaterThan(0);
  const still = await tune('still', { joint: { lrMult: 0 } });
  expect((await moved(model, still)).filter((name) => name.startsWith('backbone.'))).toEqual([]);
});

test('leaves a whole model that segments, and goes on after an interruption bit for bit', async () => {
  const options = { steps: 12, checkpointEvery: 10, joint: {} };
  const folder = await tune('straight', options);
  const segmenter = await loadSegmenterFolder(folder);
  expect(segmenter.config).toMatchObject({ decoding: 'argmax', ftw: { marginal: true } });
  expect(segmenter.forward(tf.zeros([1, 64, 64, 3])).scores.shape).toEqual([1, 64, 64, 13]);
  segmenter.dispose();
  const controller = new AbortController();
  const stopping = { ...out, progress: () => ({ update: () => controller.abort(), stop() {} }) };
  const stage = { ...stageOf('stopped', options), model };
  const first = await trainPosterior({ ...stage, out: stopping, signal: controller.signal });
  expect(first.finished).toBe(false);
  const second = await trainPosterior({ ...stage, resume: true });
  const read = (where: string) => readFileSync(join(where, 'model.safetensors'));
  expect(read(second.folder!).equals(read(folder))).toBe(true);
});

test('what cannot be tuned together is refused with a remedy', async () => {
  const blind = { channels: 8, heads: 2, hidden: 16 };
  await expect(tune('blind', { joint: {}, inverse: blind })).rejects.toThrow(/Set posterior.inverse.marginal or .soft/);
  await expect(tune('both', { joint: {}, freeze: 'reference' })).rejects.toThrow(/Leave one of them out/);
  const alone = trainPosterior({ ...stageOf('alone', { joint: {} }), tokenizer });
  await expect(alone).rejects.toThrow(/Name the model with --model/);
  await expect(tune('ff', { variant: 'ff', joint: {} })).rejects.toThrow(/ff needs no model|with --model/);
});
