import { ftwPaper } from '@gss/posterior';
import {
  createMaskigeCodec,
  createSegmenter,
  type GssModelConfig,
  ModelConfigError,
  modelSpec,
  openTokenizer,
} from '@gss/segmenter';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import { expectNoLeak } from '@gss/testing';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { classTable, marginalScores } from './marginal.js';

const [K, codes] = [5, 6];
const base = preset('nano', { classes: K }).model;
const model: GssModelConfig = {
  ...base,
  decoding: 'marginal',
  prior: { ...base.prior, vocabulary: codes },
  tokenizer: { type: 'compact', config: { ...compactVariants.squares, codes } },
};
const fresh = (config: GssModelConfig) => createSegmenter(config, initParams(modelSpec(config), createRng(3)));
const rng = createRng(1);
const photo = { data: Uint8Array.from({ length: 30 * 45 * 3 }, () => rng.int(256)), width: 45, height: 30 };
beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('a pixel’s probability of a class is the sum over the codes that show it there', () => {
  const [h, w, H, W] = [3, 4, 11, 14];
  const params = initParams(modelSpec(model), createRng(3));
  const codec = createMaskigeCodec(model);
  const tokenizer = openTokenizer(model.tokenizer, params.tokenizer);
  const logits = tf.randomNormal([1, h, w, codes], 0, 2, 'float32', 5) as tf.Tensor4D;
  const table = classTable(model, tokenizer, codec);
  const found = tf.exp(marginalScores(logits, table, tokenizer, { size: [H, W], scale: 1 }));
  expect(found.shape).toEqual([1, H, W, K]);
  const p = tf.softmax(logits).dataSync();
  const sum = new Float64Array(H * W * K);
  for (let z = 0; z < codes; z++) {
    const everywhere = tf.fill([1, h, w], z, 'int32') as tf.Tensor3D;
    const classes = codec.classes(tokenizer.decode(everywhere)).dataSync(); // [h·4, w·4]
    for (let y = 0; y < H; y++)
      for (let x = 0; x < W; x++) {
        const token = Math.floor(y / 4) * w + Math.floor(x / 4);
        sum[(y * W + x) * K + classes[y * 4 * w + x]!]! += p[token * codes + z]!;
      }
  }
  for (const [i, value] of found.dataSync().entries()) expect(Math.abs(sum[i]! - value)).toBeLessThan(1e-5);
  expectNoLeak(() => marginalScores(logits, table, tokenizer, { size: [H, W], scale: 1 }));
});

test('a model with it predicts, and its samples are drawn as without it', async () => {
  const [marginal, plain] = [fresh(model), fresh({ ...model, decoding: 'argmax' })];
  const prediction = await marginal.predict(photo);
  const probabilities = prediction.probabilities();
  const sums = tf.sum(probabilities, 2).dataSync();
  for (const total of sums) expect(total).toBeCloseTo(1, 5);
  expect((await prediction.labels()).data).toHaveLength(30 * 45);
  const window = { mode: 'slide', crop: [32, 32], stride: [16, 16] } as const;
  const [a, b] = await Promise.all([marginal, plain].map((m) => m.sample(photo, { count: 1, inference: window })));
  expect((await a!.labels(0)).data).toEqual((await b!.labels(0)).data);
  prediction.dispose();
  for (const owner of [a!, b!, probabilities, marginal, plain]) owner.dispose();
});

describe('a learned inverse that sees p(c|x)', () => {
  const ftw = { ...ftwPaper(K), channels: 8, hidden: 16, heads: 2, window: 3, photo: true, marginal: true };
  const seeing: GssModelConfig = { ...model, decoding: 'argmax', ftw };
  const initModel = () => initParams(modelSpec(seeing), createRng(4));
  /** The parameters of the plain model and an inverse beside them, so that both say the same of the tokens. */
  const inverted = (last: 'zeros' | 'drawn') => {
    const { decode_head } = initModel();
    const { decode_head: same, ...plain } = initParams(modelSpec(model), createRng(3));
    const kernel = decode_head.cls_segmap!.conv.weight;
    const weight = last === 'zeros' ? kernel : tf.randomNormal<tf.Rank.R4>(kernel.shape, 0, 3, 'float32', 1);
    const head = { ...decode_head, ...same, cls_segmap: { conv: { ...decode_head.cls_segmap!.conv, weight } } };
    return createSegmenter(seeing, { ...plain, decode_head: head } as ReturnType<typeof initModel>);
  };
  test('is that sum before it is trained, and departs from it afterwards', async () => {
    const [sum, untrained, trained] = [fresh(model), inverted('zeros'), inverted('drawn')];
    const labels = async (segmenter: typeof sum) => {
      const prediction = await segmenter.predict(photo);
      const { data } = await prediction.labels();
      prediction.dispose();
      return data;
    };
    const expected = await labels(sum);
    expect(new Set(expected).size).toBeGreaterThan(1);
    expect(await labels(untrained)).toEqual(expected);
    expect(await labels(trained)).not.toEqual(expected);
    for (const owner of [sum, untrained, trained]) owner.dispose();
  });

  test('takes drawn tokens for certain, so that samples differ, without a leak', async () => {
    const segmenter = inverted('zeros');
    const before = tf.memory().numTensors;
    const samples = await segmenter.sample(photo, { count: 2, seed: 1 });
    expect((await samples.labels(0)).data).not.toEqual((await samples.labels(1)).data);
    samples.dispose();
    expect(tf.memory().numTensors).toBe(before);
    segmenter.dispose();
  });
});

test('refuses squares that depend on their neighbours', () => {
  expect(() => fresh({ ...model, tokenizer: base.tokenizer })).toThrow(ModelConfigError);
  expect(() => fresh({ ...model, tokenizer: base.tokenizer })).toThrow(/variant squares.*Take decoding argmax/);
});
