import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@gss/tensor';
import { selectBackend } from '@gss/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { scene } from '../test-browser.js';
import { makeTestModel, tinyConfig } from '../test-model.js';
import { calibrate, type Example } from './example.js';
import { createHost } from './host.js';
import type { CallContext } from './scope.js';

const size = { width: 80, height: 56 };
const K = tinyConfig.classes.length;
const folder = mkdtempSync(join(tmpdir(), 'gss-learn-'));
const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const image = { ...size, data: Uint8ClampedArray.from(scene(size)) } as unknown as ImageData;
const host = createHost();
let own: Uint8Array;

const segment = async () => (await host.segment({ image }, context)).value.labels;
const agreement = (labels: Uint8Array, wanted: Uint8Array) => {
  const known = [...wanted.keys()].filter((i) => wanted[i] !== 255);
  return known.filter((i) => labels[i] === wanted[i]).length / known.length;
};
/** Learns a mask, puts what was learned in place, and says how segment agrees then. */
async function teach(data: Uint8Array, steps: number, lr: number) {
  const { value } = await host.learn({ examples: [{ image, labels: { data, ...size } }], steps, lr }, context);
  await host.setCorrection({ weights: value.weights }, context);
  return { ...value, seen: agreement(await segment(), data) };
}

beforeAll(async () => {
  await selectBackend({ backend: 'wasm' });
  vi.stubGlobal('ImageBitmap', class {}); // what Node lacks of a worker
  (await makeTestModel(folder, tinyConfig, 3)).dispose();
  const files = ['config.json', 'model.safetensors'].map((name) => new File([readFileSync(join(folder, name))], name));
  await host.load({ source: files }, context);
  own = await segment();
}, 200_000);
beforeEach(async () => {
  await host.setCorrection({ weights: undefined }, context);
});
afterAll(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true, force: true });
});

test('a class that was named anew is learned, going on raises it, and both are what segment says', {
  timeout: 300_000,
}, async () => {
  const counts = Array.from({ length: K }, (_, k) => own.filter((label) => label === k).length);
  const largest = counts.indexOf(Math.max(...counts));
  const wanted = own.map((label) => (label === largest ? (largest + 1) % K : label));
  const before = agreement(own, wanted);
  const first = await teach(wanted, 10, 0.03);
  expect(first.before).toBeCloseTo(before, 5);
  expect(first.after).toBeCloseTo(first.seen, 5);
  const second = await teach(wanted, 30, 0.03);
  expect(second.before).toBeCloseTo(first.after, 5);
  expect(second.after).toBeCloseTo(second.seen, 5);
  expect(second.after).toBeGreaterThan(Math.max(0.95, before + 0.1));
});

test('steps that ruin the mask are not taken: the agreement never falls', { timeout: 300_000 }, async () => {
  const rng = createRng(5);
  // A tenth is wrong at random, which no inverse can learn, and a part is unlabelled; the rate is far too large.
  const wanted = own.map((label) => (rng.uniform() < 0.1 ? rng.int(K) : label));
  wanted.fill(255, 0, 500);
  for (const lr of [0.01, 1]) {
    const { before, after, seen } = await teach(wanted, 12, lr);
    expect(before).toBeCloseTo(agreement(own, wanted), 5);
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after).toBeCloseTo(seen, 5);
    await host.setCorrection({ weights: undefined }, context);
  }
});

test('a backend that names another epsilon, as WebGL does, learns the same', { timeout: 120_000 }, async () => {
  const examples = [{ image, labels: { data: own.map((label) => (label + 1) % K), ...size } }];
  const learn = async () => {
    const losses: number[] = [];
    const progress = (_step: number, loss: number) => losses.push(loss);
    await host.learn({ examples, steps: 4, lr: 0.02 }, { ...context, progress });
    return losses;
  };
  const usual = await learn();
  const spy = vi.spyOn(tf.backend(), 'epsilon').mockReturnValue(1e-4);
  try {
    expect(await learn()).toEqual(usual);
  } finally {
    spy.mockRestore();
  }
});

test('overconfident logits are brought down by a power of two, and calibrated ones stay', async () => {
  const rng = createRng(1);
  const [H, W, classes] = [40, 50, 4];
  const truth = Int32Array.from({ length: H * W }, () => rng.int(classes));
  // Right in nine of ten pixels, and as sure of the tenth: the best logit of the winner is ln(0.9 · 3 / 0.1) = 3.3.
  const found = truth.map((label) => (rng.uniform() < 0.1 ? (label + 1) % classes : label));
  const example = (logit: number): Example => ({
    maskige: tf.zeros([1, H, W, 3]),
    own: tf.mul(tf.oneHot(tf.tensor3d(found, [1, H, W], 'int32'), classes), logit) as unknown as tf.Tensor4D,
    labels: tf.tensor3d(truth, [1, H, W], 'int32'),
  });
  const scales = await tf
    .ready()
    .then(() => Promise.all([3.3, 26, 26 * 2 ** 10].map((v) => calibrate([example(v)], context))));
  expect(scales).toEqual([1, 1 / 8, 2 ** -6]);
});
