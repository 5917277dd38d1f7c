import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  crossEntropy,
  medianFrequencyWeights,
  priorLoss,
  smoothedCrossEntropy,
  weightedCrossEntropy,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const logits = tf.tensor2d([2, -1, 0.5, 0, 0, 0.3, -3, 4, 1, 1, 1, 2], [4, 3]);
const targets = tf.tensor1d([0, 2, 1, 255], 'int32');

describe('weightedCrossEntropy', () => {
  test('is the weighted mean, as in PyTorch; ignored positions do not count', () => {
    const weights = [2, 0.5, 1];
    const rows = (tf.logSoftmax(logits).arraySync() as number[][]).map((row) => row.map((p) => -p));
    const expected = (2 * rows[0]![0]! + rows[1]![2]! + 0.5 * rows[2]![1]!) / 3.5;
    const loss = weightedCrossEntropy(tf.tensor1d(weights));
    expectClose(loss(logits, targets, 255), [expected], 1e-6);
    expectClose(loss(logits, tf.fill([4], 255, 'int32'), 255), [0], 0);
    expectClose(weightedCrossEntropy(tf.ones([3]))(logits, targets, 255), crossEntropy(logits, targets, 255), 1e-6);
  });

  test('has a true gradient and leaks nothing', () => {
    const loss = weightedCrossEntropy(tf.tensor1d([2, 0.5, 1]));
    expectGradient((x) => loss(x, targets, 255), logits);
    expectNoLeak(() => loss(logits, targets, 255));
  });

  test('median frequency balancing gives the middle class 1 and rare ones more', () => {
    expect(medianFrequencyWeights([64, 16, 4, 0], [128, 128, 128, 0])).toEqual([0.25, 1, 4, 0]);
    expect(medianFrequencyWeights([64, 16, 8], [128, 128, 32])).toEqual([0.5, 2, 1]); // seen in few images
    expect(medianFrequencyWeights([8, 32], [128, 128])).toEqual([2.5, 0.625]);
  });
});

describe('smoothedCrossEntropy', () => {
  const codes = tf.tensor2d([0, 0, 1, 0, 5, 5], [3, 2]);
  const options = { weight: 0.4, temperature: 2 };
  /** The definition: −Σ q ln p with q = (1 − w) one-hot + w softmax(−d² / T). */
  const defined = (w: number, T: number) => {
    const e = codes.arraySync();
    const logP = tf.logSoftmax(logits).arraySync() as number[][];
    const truth = [0, 2, 1];
    const losses = truth.map((t, i) => {
      const near = e.map((code) => Math.exp(-((code[0]! - e[t]![0]!) ** 2 + (code[1]! - e[t]![1]!) ** 2) / T));
      const sum = near.reduce((a, b) => a + b, 0);
      return -near.reduce((total, n, j) => total + ((j === t ? 1 - w : 0) + (w * n) / sum) * logP[i]![j]!, 0);
    });
    return losses.reduce((a, b) => a + b, 0) / 3;
  };

  test('is the cross entropy against the spread target', () => {
    for (const [weight, temperature] of [
      [0.4, 2],
      [1, 0.5],
      [0.1, 50],
    ] as const) {
      const { loss } = smoothedCrossEntropy(codes, { weight, temperature });
      expectClose(loss(logits, targets, 255), [defined(weight, temperature)], 1e-5);
    }
    expectClose(
      smoothedCrossEntropy(codes, { ...options, weight: 0 }).loss(logits, targets, 255),
      crossEntropy(logits, targets, 255),
      1e-6,
    );
  });

  test('is the same without a table of all targets', () => {
    const V = 2100;
    const many = tf.randomNormal([V, 3], 0, 1, 'float32', 4) as tf.Tensor2D;
    const wide = tf.randomNormal([5, V], 0, 1, 'float32', 5);
    const some = tf.tensor1d([7, 2099, 0, V, 12], 'int32');
    const { loss } = smoothedCrossEntropy(many, options);
    const rows = tf.softmax(
      tf.div(
        tf.neg(
          tf.sum(
            tf.squaredDifference(tf.expandDims(tf.gather(many, tf.tensor1d([7, 2099, 0, 12], 'int32')), 1), many),
            2,
          ),
        ),
        2,
      ),
    );
    const hot = tf.oneHot(tf.tensor1d([7, 2099, 0, 12], 'int32'), V);
    const q = tf.add(tf.mul(hot, 0.6), tf.mul(rows, 0.4));
    const logP = tf.gather(tf.logSoftmax(wide), tf.tensor1d([0, 1, 2, 4], 'int32'));
    expectClose(loss(wide, some, V), [-tf.sum(tf.mul(q, logP)).dataSync()[0]! / 4], 1e-4);
  });

  test('has a true gradient, leaks nothing, and says what stays with the token', () => {
    const { loss, kept, dispose } = smoothedCrossEntropy(codes, options);
    expectGradient((x) => loss(x, targets, 255), logits);
    expectNoLeak(() => loss(logits, targets, 255));
    expect(kept()).toBeGreaterThan(0.6);
    expect(kept()).toBeLessThan(1);
    const before = tf.memory().numTensors;
    dispose();
    expect(tf.memory().numTensors).toBe(before - 1);
    expect(() => smoothedCrossEntropy(codes, { weight: 2, temperature: 1 })).toThrow('weight 2 is not in [0, 1]');
    expect(() => smoothedCrossEntropy(codes, { weight: 0, temperature: 0 })).toThrow('temperature 0 is not above 0');
    expect(() => loss(tf.zeros([2, 4]), tf.tensor1d([0, 1], 'int32'), 4)).toThrow('[..., 3]');
  });

  test('selects between tensors of one type, as TensorFlow demands', () => {
    const select = tf.getKernel('Select', 'cpu');
    const types: string[] = [];
    tf.unregisterKernel('Select', 'cpu');
    tf.registerKernel({
      ...select,
      kernelFunc: (params) => {
        types.push(`${params.inputs.t!.dtype} ${params.inputs.e!.dtype}`);
        return select.kernelFunc(params);
      },
    });
    smoothedCrossEntropy(codes, options).loss(logits, targets, 255);
    tf.unregisterKernel('Select', 'cpu');
    tf.registerKernel(select);
    expect(types).toContain('int32 int32');
    for (const pair of types) expect(new Set(pair.split(' ')).size).toBe(1);
  });

  test('serves priorLoss, whose targets depend on the auxiliary head', () => {
    const pixel = weightedCrossEntropy(tf.tensor1d([1, 2, 3]));
    const token = smoothedCrossEntropy(codes, options).loss;
    const labels = tf.tensor3d([0, 255, 1, 2, 255, 255, 0, 1], [1, 2, 4], 'int32');
    const output = {
      tokenLogits: tf.randomNormal([1, 1, 2, 3], 0, 1, 'float32', 1) as tf.Tensor4D,
      pixelLogits: tf.randomNormal([1, 2, 4, 3], 0, 1, 'float32', 2) as tf.Tensor4D,
    };
    const variable = tf.variable(output.pixelLogits);
    const encode = (filled: tf.Tensor3D) => tf.cast(tf.slice(filled, [0, 0, 0], [1, 1, 2]), 'int32') as tf.Tensor3D;
    const { grads, value } = tf.variableGrads(
      () =>
        priorLoss(
          { ...output, pixelLogits: variable as unknown as tf.Tensor4D },
          { labels, encode },
          { classes: 3, vocabulary: 3 },
          { tokenLoss: token, pixelLoss: pixel },
        ).total,
      [variable],
    );
    const own = tf.grad((x: tf.Tensor) => tf.mul(pixel(x, labels, 255), 0.2))(output.pixelLogits);
    expectClose(Object.values(grads)[0]!, own, 1e-6);
    expect(value.dataSync()[0]).toBeGreaterThan(0);
  });
});
