import { createRng, initParams, trainable, variablesOf } from '@gss/tensor';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import { compactEncoder, compactSpec, compactTokenizer, compactVariants, reconstruct } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ftw,
  ftwImage,
  ftwInputs,
  ftwPaper,
  ftwSpec,
  inverseLoss,
  leastSquaresInverse,
  linearInverse,
  noisyTokens,
  paletteBound,
  posteriorVariants,
  reconstructThrough,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const colours = [
  [0.9, 0.1, 0.2],
  [0.1, 0.8, 0.3],
  [0.2, 0.3, 0.9],
  [0.7, 0.7, 0.1],
];
const oneHot = (labels: number[]) => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 4), 'float32') as tf.Tensor2D;
const labels = [0, 1, 2, 3, 0, 0, 2];

describe('paletteBound (TF)', () => {
  const classes = oneHot(labels);
  const gamma = leastSquaresInverse(colours);
  const beta = tf.tensor2d(colours);
  const painted = tf.matMul(classes, beta);
  const reconstruction = tf.add(painted, tf.randomUniform([7, 3], -0.1, 0.1, 'float32', 4)) as tf.Tensor2D;

  test("is the cascade's formula, a pixel", () => {
    const norm = (x: tf.Tensor) => tf.norm(x).dataSync()[0]!;
    const first = norm(tf.sub(reconstruction, painted)) * norm(gamma);
    const second = norm(tf.sub(tf.matMul(painted, gamma), classes));
    const bound = paletteBound({ classes, beta, gamma, reconstruction });
    expect(bound.loss.dataSync()[0]).toBeCloseTo((first + second) ** 2 / 7, 5);
    expect(bound.inversion.dataSync()[0]).toBeCloseTo(second / Math.sqrt(7), 5);
  });

  test('has a true gradient in β and in the reconstruction', () => {
    const far = tf.tensor2d(colours.map((c) => c.map((v) => 0.5 * v + 0.2))); // γ is not its inverse
    expectGradient((b) => paletteBound({ classes, beta: b as tf.Tensor2D, gamma, reconstruction }).loss, far);
    expectGradient(
      (r) => paletteBound({ classes, beta: far, gamma, reconstruction: r as tf.Tensor2D }).loss,
      reconstruction,
    );
    expectNoLeak(() => Object.values(paletteBound({ classes, beta, gamma, reconstruction })));
  });

  test('at the least-squares γ only the reconstruction moves β', () => {
    const grad = tf.grad((b) => paletteBound({ classes, beta: b as tf.Tensor2D, gamma, reconstruction }).inversion)(
      beta,
    );
    expect(tf.max(tf.abs(grad)).dataSync()[0]).toBeLessThan(1e-5);
  });

  test('does not count pixels without a label, nor colours of another number of classes', () => {
    const without = tf.concat([classes, tf.zeros([3, 4])]) as tf.Tensor2D;
    const padded = tf.concat([reconstruction, tf.ones([3, 3])]) as tf.Tensor2D;
    expectClose(
      paletteBound({ classes: without, beta, gamma, reconstruction: padded }).loss,
      paletteBound({ classes, beta, gamma, reconstruction }).loss,
      1e-6,
    );
    expect(() => paletteBound({ classes, beta: tf.zeros([3, 3]), gamma, reconstruction })).toThrow(/beta \[4, 3\]/);
    expect(() => paletteBound({ classes, beta, gamma: tf.zeros([4, 3]), reconstruction })).toThrow(/gamma \[3, 4\]/);
    expect(() => paletteBound({ classes, beta, gamma, reconstruction: tf.zeros([6, 3]) })).toThrow(/\[7, 3\]/);
  });
});

describe('leastSquaresInverse', () => {
  test('undoes three independent colours, and is refused where they lie in a plane', () => {
    const gamma = leastSquaresInverse(colours.slice(0, 3));
    const image = tf.tensor4d(colours.slice(0, 3).flat(), [1, 1, 3, 3]);
    expectClose(linearInverse(image, gamma), tf.reshape(tf.eye(3), [1, 1, 3, 3]), 1e-5);
    expect(() =>
      leastSquaresInverse([
        [1, 0, 0],
        [0, 1, 0],
        [1, 1, 0],
      ]),
    ).toThrow(RangeError);
    expect(() => linearInverse(image, tf.zeros([4, 3]))).toThrow(/gamma \[3, K\]/);
  });
});

describe('reconstructThrough', () => {
  const config = { ...compactVariants.nano, codes: 12 };
  const params = initParams(compactSpec(config), createRng(3));
  const tokenizer = compactTokenizer(config, params);
  const logits = (image: tf.Tensor4D) => {
    const z = compactEncoder(image, params.encoder, config);
    const [B, h, w, D] = z.shape;
    const products = tf.matMul(tf.reshape(z, [-1, D]) as tf.Tensor2D, tf.transpose(params.codebook));
    const scores = tf.sub(products, tf.mul(tf.sum(tf.square(params.codebook), 1), 0.5));
    return tf.reshape(scores, [B, h, w, 12]) as tf.Tensor4D;
  };
  const image = tf.randomUniform([1, 8, 12, 3], 0, 1, 'float32', 1) as tf.Tensor4D;

  test('gives what encoding and decoding give, and a gradient to the image', () => {
    const through = (x: tf.Tensor4D) => reconstructThrough(x, logits, tokenizer, { noise: 'none' });
    expectClose(through(image), reconstruct(tokenizer, image), 1e-5);
    const grad = tf.grad((x) => tf.sum(tf.square(through(x as tf.Tensor4D))))(image);
    expect(tf.max(tf.abs(grad)).dataSync()[0]).toBeGreaterThan(1e-4);
    expectNoLeak(() => through(image));
  });
});

describe('noisyTokens', () => {
  const tokens = tf.tensor3d(
    Int32Array.from({ length: 400 }, (_, i) => i),
    [1, 20, 20],
    'int32',
  );
  const changed = (share: number, seed = 1) => {
    const values = noisyTokens(tokens, share, createRng(seed)).dataSync();
    return values.filter((v, i) => v !== i).length;
  };

  test('replaces about that share, the same ones for the same seed', () => {
    expect(changed(0)).toBe(0);
    expect(Math.abs(changed(0.25) - 100)).toBeLessThan(35);
    expect(changed(1)).toBeGreaterThan(380);
    expectClose(noisyTokens(tokens, 0.3, createRng(2)), noisyTokens(tokens, 0.3, createRng(2)), 0);
    expectNoLeak(() => noisyTokens(tokens, 0.3, createRng(2)));
  });

  test('refuses a share beyond 1', () => expect(() => noisyTokens(tokens, 1.5, createRng(0))).toThrow(/\[0, 1\]/));
});

describe('inverseLoss', () => {
  test('is 0 without labels, and the mean over labelled pixels with them', () => {
    const logits = tf.tensor4d([3, 0, 0, 3], [1, 1, 2, 2]);
    const at = (values: number[]) => inverseLoss(logits, tf.tensor3d(values, [1, 1, 2], 'int32')).dataSync()[0]!;
    expect(at([255, 255])).toBe(0);
    expect(at([0, 255])).toBeCloseTo(Math.log(1 + Math.exp(-3)), 5);
    expect(at([0, 0])).toBeCloseTo((Math.log(1 + Math.exp(-3)) + Math.log(1 + Math.exp(3))) / 2, 5);
    expect(() => inverseLoss(logits, tf.zeros([2, 1, 2], 'int32'))).toThrow(/logits \[2, h, w, K\]/);
  });
});

describe('an inverse that sees more', () => {
  const maskige = tf.randomUniform([1, 4, 4, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
  const photo = tf.randomUniform([1, 4, 4, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const config = { ...ftwPaper(3), channels: 8, hidden: 16, heads: 2, photo: true, soft: true };

  test('takes photo and soft maskige beside the maskige, in that order', () => {
    expect(ftwInputs(config)).toBe(9);
    const image = ftwImage(maskige, config, { photo, soft: maskige });
    expectClose(tf.slice(image, [0, 0, 0, 3], [1, 4, 4, 3]), photo, 0);
    const params = initParams(ftwSpec(config), createRng(1));
    expect(ftw(image, params, config).shape).toEqual([1, 4, 4, 3]);
    expect(() => ftw(maskige, params, config)).toThrow(/\[B, H, W, 9\]/);
    expect(() => ftwImage(maskige, config, { photo })).toThrow(/soft \[1, 4, 4, 3\]/);
  });

  test('learns what only the photo tells', () => {
    const params = trainable(ftwSpec(config), initParams(ftwSpec(config), createRng(5)));
    const labels = tf.cast(tf.argMax(photo, 3), 'int32') as tf.Tensor3D;
    const flat = tf.fill([1, 4, 4, 3], 0.5) as tf.Tensor4D;
    const loss = () => inverseLoss(ftw(ftwImage(flat, config, { photo, soft: flat }), params, config), labels);
    const before = loss().dataSync()[0]!;
    const optimizer = tf.train.adam(0.03);
    for (let i = 0; i < 8; i++) optimizer.minimize(loss, false, [...variablesOf(params as never).values()]);
    expect(loss().dataSync()[0]).toBeLessThan(0.8 * before);
  });
});

test('the table of variants is the paper’s Table 1 and appendix D', () => {
  const published = Object.values(posteriorVariants).map(({ published }) => published);
  expect(published).toEqual([62.83, 84.31, 86.1, 84.37, 36.11, 87.73]);
  const iterations = Object.values(posteriorVariants).map(({ training }) => training?.iterations ?? 0);
  expect(iterations).toEqual([0, 0, 3000, 4000, 4000, 40000]);
});
