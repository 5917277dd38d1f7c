import { createSegmenter, type GssModelConfig, inputSize, modelSpec, parseModelConfig } from '@gss/segmenter';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams, resize } from '@gss/tensor';
import { expectClose } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const { model: plain } = preset('nano', { classes: 5 });
const twin = preset('nano', { classes: 5, kind: 'discriminative' }).model;
const open = (config: GssModelConfig) => createSegmenter(config, initParams(modelSpec(config), createRng(3)));
const image = tf.randomUniform([40, 60, 3], 0, 255, 'float32', 5) as tf.Tensor3D;
/** The photo as a model of scale [96, 64] sees it. */
const seen = tf.tidy(() => tf.squeeze(resize(tf.expandDims(image) as tf.Tensor4D, [64, 96]), [0]) as tf.Tensor3D);
const scaled = (model: GssModelConfig, inference: GssModelConfig['inference']) => ({ ...model, inference });

// Sides by mmcv 1.7 imrescale of an image of the first size.
test.each([
  [
    [360, 480],
    [720, 540],
    [540, 720],
  ],
  [
    [480, 360],
    [720, 540],
    [720, 540],
  ],
  [
    [360, 480],
    [2048, 512],
    [512, 683],
  ],
  [
    [500, 2600],
    [2048, 512],
    [394, 2048],
  ],
  [
    [33, 33],
    [100, 50],
    [50, 50],
  ],
] as const)('%j fits into %j as %j', (size, scale, expected) => {
  expect(inputSize(size, { scale })).toEqual(expected);
  expect(inputSize(size, {})).toEqual(size);
});

const batch = (x: tf.Tensor3D) => tf.expandDims(x) as tf.Tensor4D;

test.each([
  ['the generative model', plain],
  ['its twin', twin],
])('%s sees the resized image whole, and answers at the image’s size', async (_, model) => {
  const ours = open(scaled(model, { mode: 'whole', scale: [96, 64] }));
  const base = open(model);
  const [a, b] = [ours.forward(batch(image)), base.forward(batch(seen))];
  expectClose(a.scores, resize(b.scores, [40, 60]), 1e-5);
  expectClose(a.tokens, b.tokens, 0);
  const found = await ours.predict(image);
  expect([found.height, found.width]).toEqual([40, 60]);
  expect([...(await found.labels()).data]).toEqual([...tf.argMax(a.scores, 3).dataSync()]);
  expect((await found.maskige()).data.length).toBe(40 * 60 * 3);
  expect((await found.confidence()).length).toBe(40 * 60);
  for (const held of [found, ours, base]) held.dispose();
});

test('windows are cut from the resized image', async () => {
  const windows = { mode: 'slide', crop: [32, 48], stride: [32, 48] } as const;
  const ours = open(scaled(plain, { ...windows, scale: [96, 64] }));
  const base = open(scaled(plain, windows));
  const [found, expected] = [await ours.predict(image), await base.predict(seen)];
  const votes = tf.oneHot(tf.tensor3d([...(await expected.labels()).data], [1, 64, 96], 'int32'), 5) as tf.Tensor4D;
  const labels = tf.argMax(resize(tf.cast(votes, 'float32'), [40, 60]), 3);
  expect([...(await found.labels()).data]).toEqual([...labels.dataSync()]);
  for (const held of [found, expected, ours, base]) held.dispose();
});

test('passes of an augmentation are multiples of the scale, and a caller’s inference replaces the model’s', async () => {
  const ours = open(scaled(plain, { mode: 'whole', scale: [96, 64] }));
  const base = open(plain);
  const augment = { scales: [1], flip: true };
  const [a, b] = [await ours.predict(image, { augment }), await base.predict(seen, { augment })];
  // One resize instead of two: the softmax is taken at the image's size.
  expect((await a.labels()).data.length).toBe(40 * 60);
  expectClose(
    a.probabilities(),
    tf.tidy(() => tf.squeeze(resize(tf.expandDims(b.probabilities()) as tf.Tensor4D, [40, 60]), [0])),
    2e-2,
  );
  const [own, without] = [await base.predict(image), await ours.predict(image, { inference: { mode: 'whole' } })];
  expectClose(without.probabilities(), own.probabilities(), 1e-6);
  const samples = await ours.sample(image, { count: 2, seed: 1 });
  expect((await samples.labels(1)).data.length).toBe(40 * 60);
  for (const held of [a, b, own, without, samples, ours, base]) held.dispose();
});

test('a scale that is none is refused by name', () => {
  const text = JSON.stringify(scaled(plain, { mode: 'whole', scale: [0, 540] }));
  expect(() => parseModelConfig(text, 'm/config.json')).toThrow(
    /m\/config\.json: expected inference\.scale.*got \[0,540\]/,
  );
});
