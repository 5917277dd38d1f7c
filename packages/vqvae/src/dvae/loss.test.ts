import { createRng, initParams, trainable, variablesOf } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import {
  type DvaeConfig,
  dvaeLoss,
  dvaeSchedule,
  dvaeSpec,
  gumbelSoftmax,
  klToUniform,
  logitLaplaceLoss,
  mapPixels,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('wasm');
  registerWasmKernels();
});

test.each([
  [0.3, -1],
  [-1, -2],
])('the logit-Laplace density of (%f, %f) integrates to one', (mean, logScale) => {
  const decoded = tf.tensor4d([mean, logScale], [1, 1, 1, 2]);
  const n = 500;
  let integral = 0;
  for (let i = 0; i < n; i++) {
    const x = tf.tensor4d([(i + 0.5) / n], [1, 1, 1, 1]);
    integral += Math.exp(-logitLaplaceLoss(x, decoded).dataSync()[0]!) / n;
  }
  expect(integral).toBeCloseTo(1, 2);
});

test('the logit-Laplace loss has a true gradient', () => {
  const mapped = mapPixels(tf.randomUniform([1, 2, 3, 2], 0, 1, 'float32', 1) as tf.Tensor4D);
  const far = tf.add(tf.randomNormal([1, 2, 3, 4], 0, 0.3, 'float32', 2), 3); // away from the kink at logit x = μ
  expectGradient((decoded) => logitLaplaceLoss(mapped, decoded as tf.Tensor4D), far);
});

test('Gumbel-softmax samples codes by their probability and hardens as it cools', () => {
  const rng = createRng(3);
  const logits = tf.tile(tf.tensor4d([0, Math.log(2), Math.log(5)], [1, 1, 1, 3]), [1, 60, 60, 1]);
  const sample = gumbelSoftmax(logits, 0.05, rng);
  const counts = tf.sum(tf.oneHot(tf.argMax(sample, 3), 3), [0, 1, 2]).dataSync();
  expectClose(
    Array.from(counts, (c) => c / 3600),
    [1 / 8, 2 / 8, 5 / 8],
    0.03,
  );
  const hardness = (t: number) => tf.mean(tf.max(gumbelSoftmax(logits, t, rng), 3)).dataSync()[0]!;
  expect(hardness(0.05)).toBeGreaterThan(0.95);
  expect(hardness(5)).toBeLessThan(0.6);
  expect(() => gumbelSoftmax(logits, 0, rng)).toThrow('temperature');
});

test('KL is log V for a certain code and 0 for a uniform one', () => {
  expectClose(klToUniform(tf.zeros([1, 2, 2, 8])), [0], 1e-6);
  const certain = tf.mul(tf.oneHot(tf.ones([1, 2, 2], 'int32'), 8), 50) as tf.Tensor4D;
  expectClose(klToUniform(certain), [Math.log(8)], 1e-4);
});

test('schedules run from the start values to the end values', () => {
  expect(dvaeSchedule(0, 1000)).toEqual({ temperature: 1, klWeight: 0, stepSize: 1e-4 });
  const end = dvaeSchedule(1000, 1000);
  expect(end.temperature).toBeCloseTo(1 / 16);
  expect(end.klWeight).toBeCloseTo(6.6);
  expect(end.stepSize).toBeCloseTo(1.25e-6);
});

test('the shares of the paper are those of its three million updates, and can be others', () => {
  const steps = 3_000_000;
  expect(dvaeSchedule(149_999, steps).temperature).toBeGreaterThan(1 / 16);
  expect(dvaeSchedule(150_000, steps).temperature).toBe(1 / 16);
  expect(dvaeSchedule(4_999, steps).klWeight).toBeLessThan(6.6);
  expect(dvaeSchedule(5_000, steps).klWeight).toBe(6.6);
  const own = { temperature: 0.25, temperatureShare: 0.5, klWeight: 2, klShare: 1 };
  expect(dvaeSchedule(50, 100, own)).toMatchObject({ temperature: 0.25, klWeight: 1 });
  expect(dvaeSchedule(25, 100, own).temperature).toBeCloseTo((1 + 0.25) / 2);
});

test('a few steps lower the loss, and leak nothing', () => {
  const config: DvaeConfig = { channels: 3, hidden: 4, init: 4, blocksPerGroup: 1, vocabulary: 8 };
  const spec = dvaeSpec(config);
  const params = trainable(spec, initParams(spec, createRng(1)));
  const images = tf.tidy(() =>
    tf.cast(tf.greater(tf.randomUniform([1, 16, 16, 3], 0, 1, 'float32', 5), 0.5), 'float32'),
  );
  const rng = createRng(2);
  const optimizer = tf.train.adam(1e-2);
  const step = () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        () => dvaeLoss(images as tf.Tensor4D, params, config, { temperature: 1, klWeight: 0, rng }).loss,
        [...variablesOf(params).values()],
      );
      optimizer.applyGradients(grads as tf.NamedTensorMap & Record<string, tf.Variable>);
      return value.dataSync()[0]!;
    });
  const first = step();
  for (let i = 0; i < 12; i++) step();
  expect(step()).toBeLessThan(first - 0.05);
  expectNoLeak(() => {
    step();
    return undefined;
  });
  expect(() => dvaeLoss(tf.zeros([1, 12, 16, 3]), params, config, { temperature: 1, klWeight: 0, rng })).toThrow(
    'multiples of 8',
  );
});
