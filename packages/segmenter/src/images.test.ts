import { createSegmenter, type GssModelConfig, modelSpec, type Prediction, type SegmenterImage } from '@gss/segmenter';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams, ShapeError } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';

const { model: nano } = preset('nano', { classes: 5 });
/** With a head of 32 codes, where most of the time goes. */
const model: GssModelConfig = {
  ...nano,
  prior: { ...nano.prior, vocabulary: 32, classifierChannels: 32 },
  tokenizer: { type: 'compact', config: { ...compactVariants.nano, codes: 32 } },
};
let segmenter: ReturnType<typeof createSegmenter>;
beforeAll(async () => {
  registerWasmKernels();
  await tf.setBackend('wasm');
  segmenter = createSegmenter(model, initParams(modelSpec(model), createRng(3)));
});
afterAll(() => segmenter.dispose());

function photo(seed: number, width = 24, height = 20) {
  const rng = createRng(seed);
  return { data: Uint8Array.from({ length: width * height * 3 }, () => rng.int(256)), width, height };
}
const pixels = (image: ReturnType<typeof photo>) => [image.height, image.width, 3] as [number, number, number];
const asTensor = (image: ReturnType<typeof photo>, dtype: 'int32' | 'float32' = 'float32') =>
  tf.tensor3d(image.data, pixels(image), dtype);
/** As ImageData has it, with an alpha that must not matter. */
function rgba({ data, width, height }: ReturnType<typeof photo>) {
  const out = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) out.set([...data.subarray(3 * i, 3 * i + 3), (i * 37) % 256], 4 * i);
  return { data: out, width, height };
}
async function labelsOf(predictions: Prediction[]) {
  const labels = await Promise.all(
    predictions.map(async (p) => [p.width, p.height, ...(await p.labels()).data].join()),
  );
  for (const prediction of predictions) prediction.dispose();
  return labels;
}
const one = async (image: SegmenterImage) => (await labelsOf([await segmenter.predict(image)]))[0]!;

test('RGB bytes, ImageData and tensors of both types are the same picture', async () => {
  const image = photo(1);
  const expected = await one(image);
  expect(await one(rgba(image))).toBe(expected);
  for (const dtype of ['int32', 'float32'] as const) {
    const tensor = asTensor(image, dtype);
    expect(await one(tensor)).toBe(expected);
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
  }
});

test('several pictures: a prediction each, in their order, whatever goes through together', async () => {
  const images = [photo(1), photo(2), rgba(photo(3)), photo(4, 16, 12), photo(5)];
  const expected = [];
  for (const image of images) expected.push(await one(image));
  for (const batchSize of [1, 2, 8])
    expect(await labelsOf(await segmenter.predict(images, { batchSize }))).toEqual(expected);
  const stack = tf.stack([1, 2, 5].map((seed) => asTensor(photo(seed)))) as tf.Tensor4D;
  const found = await labelsOf(await segmenter.predict(stack, { batchSize: 2 }));
  expect(found).toEqual([expected[0], expected[1], expected[4]]);
  expect(await segmenter.predict([])).toEqual([]);
});

test('batches go through windows and augmentation too; their outputs are their own', async () => {
  const images = [photo(1), photo(2)];
  const ways = [
    { inference: { mode: 'slide', crop: [16, 16], stride: [8, 8] } },
    { augment: { scales: [1], flip: true } },
  ] as const;
  for (const how of ways) {
    const batch = await segmenter.predict(images, how);
    for (const [i, image] of images.entries()) {
      const alone = await segmenter.predict(image, how);
      expect((await batch[i]!.labels()).data).toEqual((await alone.labels()).data);
      expect((await batch[i]!.maskige()).data).toEqual((await alone.maskige()).data);
      expect(await batch[i]!.tokens()).toEqual(await alone.tokens());
      alone.dispose();
    }
    for (const prediction of batch) prediction.dispose();
  }
});

test('progress counts the windows of all groups; a signal stops between them and nothing is left behind', async () => {
  const before = tf.memory().numTensors;
  const steps: string[] = [];
  const images = [photo(1), photo(2), photo(3, 32, 20)];
  const inference = { mode: 'slide', crop: [20, 24], stride: [20, 8] } as const;
  const done = await segmenter.predict(images, { inference, onProgress: (n, of) => steps.push(`${n}/${of}`) });
  expect(steps).toEqual(['1/3', '2/3', '3/3']); // the first two together, then two windows of the third
  expect(tf.memory().numTensors).toBe(before + 4 * images.length);
  for (const prediction of done) prediction.dispose();
  const stop = new AbortController();
  const onProgress = () => stop.abort(new Error('enough'));
  await expect(segmenter.predict(images, { inference, signal: stop.signal, onProgress })).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(before);
});

test('nothing is read back before it is asked for', async () => {
  const read = tf.backend().read;
  let reads = 0;
  tf.backend().read = function (id) {
    reads += 1;
    return read.call(this, id);
  };
  try {
    const [prediction] = await segmenter.predict([photo(1)]);
    expect(reads).toBe(0);
    await prediction!.labels();
    expect(reads).toBe(1);
    prediction!.dispose();
    const image = tf.zeros<tf.Rank.R3>([8, 8, 3]);
    (await segmenter.predict(image)).dispose();
    expect(reads).toBe(2); // the mean that says whether all pixels are numbers
    (await segmenter.predict(image, { checkPixels: false })).dispose();
    expect(reads).toBe(2);
  } finally {
    tf.backend().read = read;
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('a pixel of %s is refused', async (bad) => {
  const before = tf.memory().numTensors;
  const image = tf.tidy(() => tf.concat([tf.zeros([7, 8, 3]), tf.fill([1, 8, 3], bad)]) as tf.Tensor3D);
  const expected = /predict: expected pixels in 0\.\.255, got NaN or infinity/;
  await expect(segmenter.predict(image)).rejects.toThrow(expected);
  await expect(segmenter.predict([photo(1, 8, 8), image])).rejects.toThrow(expected);
  (await segmenter.predict(image, { checkPixels: false })).dispose();
  image.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('what is no picture is refused with the remedy', async () => {
  const refuse = (image: SegmenterImage, message: RegExp) => expect(segmenter.predict(image)).rejects.toThrow(message);
  const shaped = (...shape: number[]) => tf.zeros<tf.Rank.R3>(shape as [number, number, number]);
  await refuse(shaped(8, 8, 4), /predict: expected \[H, W, 3\], got \[8, 8, 4\]\. Drop the alpha/);
  await refuse(shaped(8, 8, 1), /got \[8, 8, 1\]\. Repeat the grey channel/);
  await refuse(shaped(3, 8, 8), /got \[3, 8, 8\]\. Images are channels-last: tf\.transpose/);
  await refuse(shaped(8, 8), /got \[8, 8\]/);
  await refuse(shaped(0, 8, 3), /got \[0, 8, 3\].*not empty/);
  await refuse(tf.zeros([8, 8, 3], 'bool') as tf.Tensor3D, /float32 or int32 tensor in 0\.\.255, got bool/);
  await refuse(
    { data: new Uint8Array(8 * 8), width: 8, height: 8 },
    /8 × 8 pixels of 3 bytes \(RGB\) or 4 \(RGBA\), got 64/,
  );
  await refuse({ data: new Uint8Array(0), width: 0, height: 8 }, /expected 0 × 8 pixels/);
  await refuse({ data: [1, 2, 3] as unknown as Uint8Array, width: 1, height: 1 }, /got Array/);
  await expect(segmenter.predict(tf.zeros<tf.Rank.R4>([2, 3, 8, 8]))).rejects.toBeInstanceOf(ShapeError);
  await expect(segmenter.predict([photo(1), { ...photo(2), width: 9 }])).rejects.toThrow(
    'predict, image 1: expected 9 ×',
  );
  await expect(segmenter.predict([photo(1)], { batchSize: 0 })).rejects.toThrow(
    /batchSize a whole number above 0, got 0/,
  );
  await expect(segmenter.sample(shaped(8, 8, 4))).rejects.toThrow(/^sample: expected \[H, W, 3\]/);
});

test('pictures of a pixel, and smaller than a window, have a label a pixel', async () => {
  for (const [width, height] of [
    [1, 1],
    [1, 9],
    [5, 3],
  ] as const)
    for (const inference of [{ mode: 'whole' }, { mode: 'slide', crop: [64, 64], stride: [32, 32] }] as const) {
      const prediction = await segmenter.predict(photo(1, width, height), { inference });
      expect((await prediction.labels()).data.length).toBe(width * height);
      prediction.dispose();
    }
});
