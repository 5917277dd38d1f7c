import { createSegmenter, type GssModelConfig, modelSpec, rescaledSize, type Segmenter } from '@gss/segmenter';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams, resize } from '@gss/tensor';
import { expectClose } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';

const [H, W, K] = [32, 48, 5];
const { model } = preset('nano', { classes: K });
const withInverse: GssModelConfig = {
  ...model,
  prior: { ...model.prior, auxiliary: 'none' },
  ftw: { classes: K, channels: 8, depth: 1, heads: 2, window: 7, hidden: 16 },
};
const slide = { mode: 'slide', crop: [32, 32], stride: [32, 16] } as const;
const whole = { mode: 'whole' } as const;

const open = (config: GssModelConfig) => createSegmenter(config, initParams(modelSpec(config), createRng(3)));
let [generative, twin, inverse]: Segmenter[] = [];
let photo: tf.Tensor3D;
beforeAll(async () => {
  await tf.setBackend('cpu');
  generative = open(model);
  twin = open(preset('nano', { classes: K, kind: 'discriminative' }).model);
  inverse = open(withInverse);
  photo = tf.randomUniform([H, W, 3], 0, 255, 'float32', 4);
});
afterAll(() => {
  for (const segmenter of [generative, twin, inverse]) segmenter!.dispose();
});

const batch = (image: tf.Tensor3D) => tf.expandDims(image, 0) as tf.Tensor4D;
const mirror = <T extends tf.Tensor>(map: T) => tf.reverse(map, 1) as T;
/** [h, w, K] scores of the bare model at its input's size. */
const scoresOf = (segmenter: Segmenter, image: tf.Tensor3D) =>
  tf.squeeze(segmenter.forward(batch(image)).scores, [0]) as tf.Tensor3D;
const probabilitiesOf = async (segmenter: Segmenter, options: Parameters<Segmenter['predict']>[1]) =>
  (await segmenter.predict(photo, options)).probabilities();

test('rescaled sides keep the aspect ratio as mmcv rounds them', () => {
  expect(rescaledSize([720, 960], 0.75)).toEqual([540, 720]);
  expect(rescaledSize([375, 500], 1.25)).toEqual([468, 624]); // 468.75 is cut to 468, and 500 · 468 / 375 = 624
  expect(rescaledSize([3, 500], 0.1)).toEqual([1, 1]);
});

test('one upright pass at scale 1 is the plain prediction', async () => {
  for (const segmenter of [generative!, twin!, inverse!]) {
    const plain = await segmenter.predict(photo);
    const same = await segmenter.predict(photo, { augment: {} });
    expectClose(same.probabilities(), plain.probabilities(), 1e-6);
    expect(await same.labels()).toEqual(await plain.labels());
    expect(await same.maskige()).toEqual(await plain.maskige());
    expectClose(tf.tensor1d(await same.confidence()), tf.tensor1d(await plain.confidence()), 1e-6);
  }
});

test('logits: the mean of the softmax of each pass, resized and turned back', async () => {
  const small = tf.squeeze(resize(batch(photo), [16, 24]), [0]) as tf.Tensor3D;
  for (const segmenter of [twin!, inverse!]) {
    const large = (scores: tf.Tensor3D) => tf.squeeze(resize(batch(scores), [H, W]), [0]) as tf.Tensor3D;
    const passes = [
      tf.softmax(scoresOf(segmenter, photo)),
      mirror(tf.softmax(scoresOf(segmenter, mirror(photo)))),
      tf.softmax(large(scoresOf(segmenter, small))),
      mirror(tf.softmax(large(scoresOf(segmenter, mirror(small))))),
    ];
    const expected = tf.div(tf.addN(passes), 4);
    const actual = await probabilitiesOf(segmenter, { augment: { scales: [1, 0.5], flip: true } });
    expectClose(actual, expected, 1e-5);
    expectClose(tf.sum(actual, 2), tf.ones([H, W]), 1e-5);
  }
});

test('nearest colours: soft distances, or the one-hot decisions of the reference', async () => {
  const scores = [scoresOf(generative!, photo), mirror(scoresOf(generative!, mirror(photo)))];
  const soft = scores.map((s) => tf.softmax(tf.div(s, 0.05)));
  const votes = scores.map((s) => tf.softmax(tf.cast(tf.oneHot(tf.cast(tf.argMax(s, 2), 'int32'), K), 'float32')));
  const flip = 'horizontal';
  expectClose(await probabilitiesOf(generative!, { augment: { flip } }), tf.div(tf.addN(soft), 2), 1e-5);
  expectClose(
    await probabilitiesOf(generative!, { augment: { flip, average: 'votes' } }),
    tf.div(tf.addN(votes), 2),
    1e-5,
  );
});

test('with mirror images a mirrored picture gives the mirrored mask', async () => {
  for (const flip of ['horizontal', 'vertical'] as const) {
    const axis = flip === 'horizontal' ? 1 : 0;
    const augment = { flip, scales: [0.75] };
    const [a, b] = [
      await generative!.predict(photo, { augment }),
      await generative!.predict(tf.reverse(photo, axis), { augment }),
    ];
    expectClose(tf.reverse(b.probabilities(), axis), a.probabilities(), 1e-4);
  }
});

test('windows of a model with logits join by their logits', async () => {
  const once = { mode: 'slide', crop: [H, W], stride: [H, W] } as const;
  for (const segmenter of [twin!, inverse!])
    expectClose(await probabilitiesOf(segmenter, { inference: once }), await probabilitiesOf(segmenter, {}), 1e-5);
});

test('a sharper temperature sharpens the mean', async () => {
  const prediction = await twin!.predict(photo, { augment: { flip: true } });
  const p = prediction.probabilities();
  const squared = tf.square(p);
  expectClose(prediction.probabilities(0.5), tf.div(squared, tf.sum(squared, 2, true)), 1e-5);
});

test.each([
  ['whole', whole, 4],
  ['windows', slide, 2 * (2 + 1)],
] as const)('%s: progress counts every window; nothing is left behind, aborted or not', async (_, inference, total) => {
  const before = tf.memory().numTensors;
  const progress: string[] = [];
  const augment = { scales: [1, 0.5], flip: true };
  const onProgress = (done: number, all: number) => progress.push(`${done}/${all}`);
  const prediction = await generative!.predict(photo, { augment, inference, onProgress });
  expect(progress).toEqual(Array.from({ length: total }, (_, i) => `${i + 1}/${total}`));
  prediction.dispose();
  expect(tf.memory().numTensors).toBe(before);
  const stop = new AbortController();
  const options = { augment, inference, signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) };
  await expect(generative!.predict(photo, options)).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(before);
});

test.each([[[]], [[1, 0]], [[-1]], [[Number.NaN]]])('scales %j are refused', async (scales) => {
  await expect(twin!.predict(photo, { augment: { scales } })).rejects.toThrow(/augment: expected scales above 0/);
});
