import { fc, test as property } from '@fast-check/vitest';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  accuracy,
  crossEntropy,
  fillUnlabelled,
  labelledCells,
  priorLoss,
  resizeLabels,
  tokenTargets,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

describe('crossEntropy', () => {
  const logits = tf.tensor2d([2, -1, 0.5, 0, 0, 0, -3, 4, 1], [3, 3]);
  const targets = tf.tensor1d([0, 2, 1], 'int32');

  test('is the mean of −log softmax at the target', () => {
    const logProbabilities = tf.logSoftmax(logits).arraySync() as number[][];
    const expected = -(logProbabilities[0]![0]! + logProbabilities[1]![2]! + logProbabilities[2]![1]!) / 3;
    expectClose(crossEntropy(logits, targets, 255), [expected], 1e-6);
  });

  test('ignored positions do not count, whether inside the classes or outside', () => {
    const alone = crossEntropy(tf.slice(logits, [0, 0], [1, 3]), tf.slice(targets, [0], [1]), 255).dataSync()[0]!;
    for (const ignore of [3, 255]) {
      const some = tf.tensor1d([0, ignore, ignore], 'int32');
      expectClose(crossEntropy(logits, some, ignore), [alone], 1e-6);
    }
    expectClose(crossEntropy(logits, tf.fill([3], 255, 'int32'), 255), [0], 0);
  });

  test('stands large logits', () => {
    expectClose(crossEntropy(tf.mul(logits, 1e4), targets, 255), [(0 + 0 + 0) / 3], 1);
    expect(crossEntropy(tf.mul(logits, 1e30), targets, 255).dataSync()[0]).not.toBeNaN();
  });

  test('has a true gradient, 0 at ignored positions', () => {
    const some = tf.tensor1d([0, 255, 1], 'int32');
    expectGradient((x) => crossEntropy(x, some, 255), logits);
    const gradient = tf
      .grad((x: tf.Tensor) => crossEntropy(x, some, 255))(logits)
      .arraySync() as number[][];
    expect(gradient[1]).toEqual([0, 0, 0]);
  });

  test('leaks no tensor, refuses a wrong number of targets', () => {
    expectNoLeak(() => crossEntropy(logits, targets, 255));
    expect(() => crossEntropy(logits, tf.tensor1d([1, 2], 'int32'), 255)).toThrow(
      /expected 3 targets for logits \[3, 3\], got \[2\]/,
    );
  });
});

test('accuracy leaves ignored positions out and reads 100 when nothing counts', () => {
  const logits = tf.tensor2d([1, 0, 0, 1, 1, 0], [3, 2]);
  expectClose(accuracy(logits, tf.tensor1d([0, 0, 255], 'int32'), 255), [50], 1e-4);
  expectClose(accuracy(logits, tf.fill([3], 255, 'int32'), 255), [100], 1e-4);
});

describe('unlabelled pixels', () => {
  const labels = tf.tensor3d([0, 255, 255, 255, 1, 255, 255, 255], [1, 2, 4], 'int32');
  const logits = tf.tensor4d([9, 0, 0, 9, 0, 9, 9, 0, 0, 9, 0, 9, 9, 0, 0, 9], [1, 2, 4, 2]);

  test('take the auxiliary arg max, or K without a head', () => {
    expect([...fillUnlabelled(labels, logits, 2).dataSync()]).toEqual([0, 1, 1, 0, 1, 1, 0, 1]);
    expect([...fillUnlabelled(labels, undefined, 2).dataSync()]).toEqual([0, 2, 2, 2, 1, 2, 2, 2]);
  });

  test('a coarser guess is repeated over its cell', () => {
    const coarse = tf.tensor4d([9, 0, 0, 9], [1, 1, 2, 2]);
    expect([...fillUnlabelled(labels, coarse, 2).dataSync()]).toEqual([0, 0, 1, 1, 1, 0, 1, 1]);
    expect(() => fillUnlabelled(labels, tf.zeros([1, 2, 3, 2]), 2)).toThrow(/multiples of 2 × 3/);
  });

  test('only a cell without any label is ignored', () => {
    expect([...labelledCells(labels, [1, 2]).dataSync()]).toEqual([1, 0]);
    const targets = tokenTargets(labels, fillUnlabelled(labels, logits, 2), 7, () =>
      tf.tensor3d([3, 4], [1, 1, 2], 'int32'),
    );
    expect([...targets.dataSync()]).toEqual([3, 7]);
  });

  test('filling and encoding are not recorded for gradients and leave nothing behind', () => {
    expectNoLeak(() => fillUnlabelled(labels, logits, 2));
    const before = tf.memory().numTensors;
    const { value, grads } = tf.variableGrads(() => {
      const kept = tf.engine().state.activeTape?.length ?? 0;
      const tokens = tokenTargets(
        labels,
        labels,
        2,
        (filled) => tf.cast(tf.max(tf.reshape(tf.mul(filled, 0), [1, 1, 2, 2, 2]), [2, 4]), 'int32') as tf.Tensor3D,
      );
      expect((tf.engine().state.activeTape?.length ?? 0) - kept).toBeLessThanOrEqual(1);
      return tf.add(tf.sum(variable), tf.mul(tf.sum(tokens), 0)) as tf.Scalar;
    }, [variable]);
    tf.dispose([value, ...Object.values(grads)]);
    expect(tf.memory().numTensors).toBe(before);
  });
  const variable = tf.variable(tf.tensor1d([1, 2]));
});

describe('priorLoss', () => {
  const tokenLogits = tf.randomNormal([1, 2, 2, 5], 0, 1, 'float32', 1) as tf.Tensor4D;
  const pixelLogits = tf.randomNormal([1, 2, 2, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const labels = tf.tensor3d(
    Array.from({ length: 64 }, (_, i) => (i % 5 === 4 ? 255 : i % 3)),
    [1, 8, 8],
    'int32',
  );
  const encode = () => tf.tensor3d([0, 1, 2, 3], [1, 2, 2], 'int32');
  const sizes = { classes: 3, vocabulary: 5 };

  test('is 0.8 token + 0.2 pixel cross entropy, and the weights are options', () => {
    const loss = priorLoss({ tokenLogits, pixelLogits }, { labels, encode }, sizes);
    expectClose(loss.token, tf.mul(crossEntropy(tokenLogits, encode(), 5), 0.8), 1e-6);
    expectClose(loss.total, tf.add(loss.token, loss.pixel), 1e-6);
    const half = priorLoss({ tokenLogits, pixelLogits }, { labels, encode }, sizes, {
      tokenWeight: 0.4,
      pixelWeight: 0.1,
    });
    expectClose(half.total, tf.div(loss.total, 2), 1e-6);
  });

  test('on the map it compares with the labels at cell centres', () => {
    const loss = priorLoss({ tokenLogits, pixelLogits }, { labels, encode }, sizes, { pixelSize: 'map' });
    const centres = [2 * 8 + 2, 2 * 8 + 6, 6 * 8 + 2, 6 * 8 + 6].map((i) => labels.dataSync()[i]!);
    const expected = tf.mul(crossEntropy(pixelLogits, tf.tensor1d(centres, 'int32'), 255), 0.2);
    expectClose(loss.pixel, expected, 1e-6);
  });

  test('without an auxiliary head the pixel term is 0 and unlabelled pixels are coded as K', () => {
    let seen: number[] = [];
    const loss = priorLoss(
      { tokenLogits, pixelLogits: undefined },
      {
        labels,
        encode: (filled) => {
          seen = [...filled.dataSync()];
          return encode();
        },
      },
      sizes,
    );
    expect(new Set(seen)).toEqual(new Set([0, 1, 2, 3]));
    expectClose(loss.pixel, [0], 0);
  });

  test('leaks no tensor; has a true gradient', () => {
    expectNoLeak(() => Object.values(priorLoss({ tokenLogits, pixelLogits }, { labels, encode }, sizes)));
    expectGradient(
      (x) => priorLoss({ tokenLogits: x as tf.Tensor4D, pixelLogits }, { labels, encode }, sizes).total,
      tokenLogits,
    );
    expectGradient(
      (x) => priorLoss({ tokenLogits, pixelLogits: x as tf.Tensor4D }, { labels, encode }, sizes).total,
      pixelLogits,
    );
  });
});

describe('resizeLabels', () => {
  const labels = (side: { width: number; height: number }) =>
    fc.uint8Array({ minLength: side.width * side.height, maxLength: side.width * side.height }).map((data) => ({
      data: data.map((value) => (value % 7 === 6 ? 255 : value % 7)),
      ...side,
    }));
  const size = fc.record({ width: fc.integer({ min: 1, max: 7 }), height: fc.integer({ min: 1, max: 7 }) });

  property.prop([size.chain(labels)])('the same size is the identity', (map) => {
    expect(resizeLabels(map, map)).toEqual(map);
  });

  property.prop([size.chain(labels), size])('equals one-hot, bilinear, arg max', (map, to) => {
    const indices = Int32Array.from(map.data, (label) => (label === 255 ? 6 : label));
    const hot = tf.cast(tf.oneHot(tf.tensor1d(indices, 'int32'), 7), 'float32');
    const grid = tf.reshape(hot, [1, map.height, map.width, 7]) as tf.Tensor4D;
    const scores = tf.image.resizeBilinear(grid, [to.height, to.width], false, true);
    const sums = scores.dataSync();
    const resized = resizeLabels(map, to);
    for (const [i, label] of resized.data.entries()) {
      const row = sums.subarray(i * 7, (i + 1) * 7);
      // Equal up to rounding; where two classes tie to the last bit, either may win.
      expect(Math.max(...row) - row[label === 255 ? 6 : label]!).toBeLessThan(1e-6);
    }
  });

  test('on a tie the lowest class wins, and 255 loses', () => {
    const stripes = (a: number, b: number) => ({ data: Uint8Array.of(a, b), width: 2, height: 1 });
    expect([...resizeLabels(stripes(5, 2), { width: 3, height: 1 }).data]).toEqual([5, 2, 2]);
    expect([...resizeLabels(stripes(255, 2), { width: 3, height: 1 }).data]).toEqual([255, 2, 2]);
  });

  test('keeps 16-bit labels, refuses a wrong count', () => {
    const map = { data: Uint16Array.of(300, 300), width: 2, height: 1 };
    expect(resizeLabels(map, { width: 4, height: 2 }).data).toEqual(new Uint16Array(8).fill(300));
    expect(() => resizeLabels({ ...map, width: 3 }, map)).toThrow(/expected 3 × 1 = 3 labels, got 2/);
  });
});
