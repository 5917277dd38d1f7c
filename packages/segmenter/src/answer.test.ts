import { createSegmenter, type GssModelConfig, modelSpec, type Prediction } from '@gss/segmenter';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';

const { model: nano } = preset('nano', { classes: 3 });
const model: GssModelConfig = {
  ...nano,
  prior: { ...nano.prior, vocabulary: 48, classifierChannels: 16 },
  tokenizer: { type: 'compact', config: { ...compactVariants.nano, codes: 48 } },
};
const lowRank: GssModelConfig = { ...model, prior: { ...model.prior, classifier: 'low-rank', classifierRank: 5 } };
const open = (config = model) => createSegmenter(config, initParams(modelSpec(config), createRng(3)));
const photos = () => tf.randomUniform([2, 37, 45, 3], 0, 255, 'float32', 4) as tf.Tensor4D;

/** Everything that a prediction tells, and what `forward` says. */
async function compare(config: GssModelConfig) {
  const segmenter = open(config);
  const images = photos();
  const all = segmenter.forward(images);
  const predictions = await segmenter.predict(images);
  for (const [i, prediction] of predictions.entries()) {
    const mine = <T extends tf.Tensor>(x: T) =>
      tf.slice(x, [i, ...x.shape.slice(1).map(() => 0)], [1, ...x.shape.slice(1)]);
    const values = async (make: () => tf.Tensor) => {
      const tensor = tf.tidy(make);
      const data = await tensor.data();
      tensor.dispose();
      return data;
    };
    expect((await prediction.tokens()).data).toEqual(await values(() => mine(all.tokens)));
    const labels = await values(() => tf.argMax(mine(all.scores), 3));
    expect(Array.from((await prediction.labels()).data)).toEqual(Array.from(labels));
    const confidence = await values(() =>
      tf.image.resizeBilinear(tf.expandDims(mine(all.confidence), 3) as tf.Tensor4D, [37, 45], false, true),
    );
    const worst = (await prediction.confidence()).reduce(
      (most, value, k) => Math.max(most, Math.abs(value - confidence[k]!)),
      0,
    );
    expect(worst).toBeLessThan(1e-5);
    prediction.dispose();
  }
  tf.dispose([images, ...Object.values(all)]);
  segmenter.dispose();
}

beforeAll(() => void registerWasmKernels());

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test.each([
    ['full', model],
    ['low-rank', lowRank],
    ['expected', { ...model, decoding: 'expected' } as GssModelConfig],
  ])('a prediction says what forward says, %s', async (_, config) => compare(config));

  test('the confidence is computed when it is asked for, once, and leaves nothing behind', async () => {
    const segmenter = open();
    const image = tf.tidy(() => tf.squeeze(tf.slice(photos(), [0, 0, 0, 0], [1, 37, 45, 3]), [0]) as tf.Tensor3D);
    const before = tf.memory();
    const prediction = await segmenter.predict(image);
    const asked = tf.memory();
    const first = await prediction.confidence();
    const told = tf.memory();
    expect(told.numTensors).toBeLessThan(asked.numTensors);
    expect(told.numBytes).toBeLessThan(asked.numBytes);
    expect(await prediction.confidence()).toEqual(first);
    expect(tf.memory().numTensors).toBe(told.numTensors);
    prediction.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    const unasked = await segmenter.predict(image);
    unasked.dispose();
    unasked.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    image.dispose();
    segmenter.dispose();
  });

  test('a prediction outlives its segmenter and a tidy', async () => {
    const began = tf.memory().numTensors;
    const segmenter = open();
    const images = photos();
    const [prediction, other] = (await segmenter.predict(images)) as [Prediction, Prediction];
    let asked: Promise<Float32Array> | undefined;
    tf.tidy(() => {
      asked = other.confidence();
    });
    const expected = await asked!;
    expect(await other.confidence()).toEqual(expected);
    segmenter.dispose();
    images.dispose();
    const confidence = await prediction.confidence();
    expect(confidence.every((value) => value >= -1e-5 && value <= 1)).toBe(true);
    prediction.dispose();
    other.dispose();
    expect(tf.memory().numTensors).toBe(began);
  });
});

test('without a confidence neither it nor logits are computed on wasm', async () => {
  await tf.setBackend('wasm');
  const segmenter = open();
  const images = photos();
  const names = async (run: () => Promise<unknown>) => {
    const { kernelNames } = await tf.profile(async () => {
      await run();
      return tf.scalar(0);
    });
    return kernelNames;
  };
  let predictions: Prediction[] = [];
  const labels = await names(async () => {
    predictions = await segmenter.predict(images);
    for (const prediction of predictions) await prediction.labels();
  });
  expect(labels).toContain('GssLinearArgMax');
  expect(labels).not.toContain('GssCertainty');
  expect(await names(() => predictions[0]!.confidence())).toContain('GssCertainty');
  const windows = { inference: { mode: 'slide', crop: [32, 32], stride: [16, 16] } } as const;
  const slid = await segmenter.predict(images, windows);
  expect((await slid[0]!.confidence()).length).toBe(37 * 45);
  for (const prediction of [...predictions, ...slid]) prediction.dispose();
  images.dispose();
  segmenter.dispose();
});

test('decoding that reads logits, and sampling, compute no confidence either until it is asked for', async () => {
  await tf.setBackend('wasm');
  const segmenter = open({ ...model, decoding: 'expected' });
  const images = photos();
  const ran: string[] = [];
  const during = async (run: () => Promise<unknown>) => {
    const { kernelNames } = await tf.profile(async () => {
      await run();
      return tf.scalar(0);
    });
    ran.splice(0, ran.length, ...kernelNames);
  };
  const before = tf.memory().numTensors;
  let predictions: Prediction[] = [];
  await during(async () => {
    predictions = await segmenter.predict(images);
    for (const prediction of predictions) await prediction.labels();
    (await segmenter.sample(tf.zeros<tf.Rank.R3>([32, 32, 3]), { count: 2 })).dispose();
  });
  expect(ran).toContain('ArgMax');
  expect(ran).not.toContain('GssCertainty');
  await during(() => predictions[1]!.confidence());
  expect(ran).toContain('GssCertainty');
  for (const prediction of predictions) prediction.dispose();
  expect(tf.memory().numTensors - before).toBeLessThanOrEqual(3); // zeros, and what the profiles return
  images.dispose();
  segmenter.dispose();
});

test('an aborted signal stops it before anything runs', async () => {
  const segmenter = open();
  const images = photos();
  const before = tf.memory().numTensors;
  await expect(segmenter.predict(images, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  expect(tf.memory().numTensors).toBe(before);
  images.dispose();
  segmenter.dispose();
});
