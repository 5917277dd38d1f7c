import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GssModelConfig, type PredictOptions, twinHead } from '@gss/segmenter';
import { selectBackend } from '@gss/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { scene } from '../test-browser.js';
import { makeTestModel, tinyConfig } from '../test-model.js';
import { createHost } from './host.js';
import type { CallContext } from './scope.js';

const size = { width: 80, height: 56 };
const K = tinyConfig.classes.length;
const ftw = { channels: 8, depth: 1, heads: 1, window: 4, hidden: 16, classes: K };
const configs: Record<string, { config: GssModelConfig; options?: Pick<PredictOptions, 'augment'> }> = {
  'generative, argmax': { config: tinyConfig },
  'expected embedding': { config: { ...tinyConfig, decoding: 'expected' } },
  'with FT-W': { config: { ...tinyConfig, ftw } },
  'with FT-W that sees the photo and the prior': {
    config: { ...tinyConfig, ftw: { ...ftw, photo: true, soft: true } },
  },
  'the discriminative twin': { config: { ...tinyConfig, kind: 'discriminative', prior: twinHead(tinyConfig.prior) } },
  'windows of its own': { config: { ...tinyConfig, inference: { mode: 'slide', crop: [32, 48], stride: [24, 32] } } },
  augmented: { config: tinyConfig, options: { augment: { scales: [0.75, 1], flip: true } } },
};

const folder = mkdtempSync(join(tmpdir(), 'gss-host-'));
const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const image = { ...size, data: Uint8ClampedArray.from(scene(size)) } as unknown as ImageData;
beforeAll(async () => {
  await selectBackend({ backend: 'wasm' });
  vi.stubGlobal('ImageBitmap', class {}); // what Node lacks of a worker
});
afterAll(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true, force: true });
});

/** A model's files, and what `predict` of Node says. */
async function makeModel(config: GssModelConfig, options: Pick<PredictOptions, 'augment'>) {
  const segmenter = await makeTestModel(folder, config, 3);
  const files = ['config.json', 'model.safetensors'].map((name) => new File([readFileSync(join(folder, name))], name));
  const prediction = await segmenter.predict(image, options);
  const labels = (await prediction.labels()).data as Uint8Array;
  prediction.dispose();
  segmenter.dispose();
  return { files, labels };
}

test.each(Object.entries(configs))(
  '%s: the labels of predict, nothing left behind',
  async (_name, { config, options = {} }) => {
    const { files, labels } = await makeModel(config, options);
    const host = createHost();
    const before = tf.memory().numTensors;
    await host.load({ source: files }, context);
    const loaded = tf.memory().numTensors;
    const { value } = await host.segment({ image, scores: true, ...options }, context);
    expect(new Set(labels).size).toBeGreaterThan(1);
    const equal = value.labels.filter((label, i) => label === labels[i]).length / labels.length;
    expect(equal).toBeGreaterThanOrEqual(0.999);
    expect(value.scores).toHaveLength(labels.length * K);
    expect(value.maskige).toHaveLength(labels.length * 4);
    expect(tf.memory().numTensors).toBe(loaded);
    await host.load({ source: files }, context); // in the place of the first
    expect(tf.memory().numTensors).toBe(loaded);

    if (config.kind === 'generative') {
      const wanted = value.labels.map((label) => (label + 1) % K);
      const examples = [{ image, labels: { data: wanted, ...size } }];
      const losses: number[] = [];
      const progress = (_step: number, loss: number) => losses.push(loss);
      const learned = await host.learn({ examples, steps: 3, lr: 0.01 }, { ...context, progress });
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
      await host.setCorrection({ weights: learned.value.weights }, context);
      const { value: painted } = await host.recode({ labels: { data: labels, ...size } }, context);
      expect(painted.labels.data).toHaveLength(labels.length);
      await host.setCorrection({ weights: undefined }, context);
    } else {
      await expect(host.sample({ image }, context)).rejects.toThrow('discriminative');
      await expect(host.recode({ labels: { data: labels, ...size } }, context)).rejects.toThrow('discriminative');
    }
    expect(tf.memory().numTensors).toBe(loaded);
    await host.unload({}, context);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('an aborted learn leaves nothing behind', async () => {
  const { files, labels } = await makeModel(tinyConfig, {});
  const host = createHost();
  await host.load({ source: files }, context);
  const loaded = tf.memory().numTensors;
  const controller = new AbortController();
  const watch = { signal: controller.signal, progress: () => controller.abort() };
  const examples = [{ image, labels: { data: labels, ...size } }];
  await expect(host.learn({ examples, steps: 5, lr: 0.01 }, watch)).rejects.toMatchObject({ name: 'AbortError' });
  expect(tf.memory().numTensors).toBe(loaded);
  await host.unload({}, context);
});
