import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { variableGradients } from './backward.js';

let before = 0;
beforeAll(() => tf.setBackend('cpu'));
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  tf.disposeVariables();
  expect(tf.memory().numTensors).toBe(before);
});

const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const variable = (shape: number[], seed: number) => tf.tidy(() => tf.variable(normal(shape, seed)));

/** A layer's worth of shapes of graphs: shared inputs, residual, slices, two outputs, a branch that leads nowhere. */
function network([w, k, b]: tf.Variable[], x: tf.Tensor4D): tf.Scalar {
  const y = tf.conv2d(x, k as unknown as tf.Tensor4D, 1, 'same');
  const z = tf.relu(tf.add(tf.add(y, x), b!));
  const [left, right] = tf.split(z, 2, 3);
  const rows = tf.reshape(tf.concat([left!, tf.mul(right!, right!)], 3), [-1, 4]);
  tf.square(tf.matMul(rows, w as unknown as tf.Tensor2D)); // nobody reads it
  return tf.mean(tf.square(tf.softmax(tf.matMul(rows, w as unknown as tf.Tensor2D)))) as tf.Scalar;
}

test('the numbers are those of tf.variableGrads, bit for bit', async () => {
  const variables = [variable([4, 3], 1), variable([3, 3, 4, 4], 2), variable([4], 3)];
  const x = normal([2, 5, 6, 4], 4) as tf.Tensor4D;
  const theirs = tf.variableGrads(() => network(variables, x), variables);
  const ours = variableGradients(() => network(variables, x), variables);
  expect(await ours.value.data()).toEqual(await theirs.value.data());
  expect([...ours.gradients.keys()].sort()).toEqual(Object.keys(theirs.grads).sort());
  for (const [name, gradient] of ours.gradients)
    expect(await gradient.data(), name).toEqual(await theirs.grads[name]!.data());
  tf.dispose([x, theirs.value, ours.value, theirs.grads, ...ours.gradients.values()]);
});

test('intermediate gradients and saved results are freed on the way', () => {
  const w = variable([64, 64], 1);
  const x = normal([64, 64], 2);
  const deep = () => {
    let y: tf.Tensor = x;
    for (let i = 0; i < 20; i++) y = tf.tanh(tf.matMul(y as tf.Tensor2D, w as unknown as tf.Tensor2D));
    return tf.mean(y) as tf.Scalar;
  };
  // Buffers that live at once at most: all of one size, but for the loss.
  const peak = (run: () => void) => {
    const { state } = tf.engine();
    const first = state.numDataBuffers;
    let [buffers, most] = [first, 0];
    Object.defineProperty(state, 'numDataBuffers', {
      configurable: true,
      get: () => buffers,
      set: (value: number) => {
        buffers = value;
        most = Math.max(most, value - first);
      },
    });
    run();
    Object.defineProperty(state, 'numDataBuffers', { value: buffers, writable: true });
    return most;
  };
  const theirs = peak(() => {
    const { value, grads } = tf.variableGrads(deep, [w]);
    tf.dispose([value, grads]);
  });
  const ours = peak(() => {
    const { value, gradients } = variableGradients(deep, [w]);
    tf.dispose([value, ...gradients.values()]);
  });
  expect(ours).toBeLessThan(0.7 * theirs);
  x.dispose();
});

test('an operation may pass on dy itself, what it saved, one tensor twice, or one from outside', async () => {
  const [a, b] = [variable([3], 1), variable([3], 2)];
  const constant = tf.tensor1d([5, 6, 7]);
  const odd = tf.customGrad((x, y, save) => {
    const [p, q, s] = [x as tf.Tensor1D, y as tf.Tensor1D, save as tf.GradSaveFunc];
    s([q]);
    return {
      value: tf.add(p, q),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [dy, saved[0]!],
    };
  });
  const twice = tf.customGrad((x, y) => ({
    value: tf.add(x as tf.Tensor, y as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => {
      const both = tf.mul(dy, 2);
      return [both, both];
    },
  }));
  const outside = tf.customGrad((x) => ({ value: tf.clone(x as tf.Tensor), gradFunc: () => [constant] }));
  const { value, gradients } = variableGradients(
    () => tf.sum(tf.add(twice(odd(a, b), outside(a)), tf.mul(a, 3))) as tf.Scalar,
    [a, b],
  );
  expect([...(await gradients.get(a.name)!.data())]).toEqual([5, 6, 7].map((c) => c + 2 + 3));
  expect(await gradients.get(b.name)!.data()).toEqual(await b.data());
  expect([...(await constant.data())]).toEqual([5, 6, 7]);
  tf.dispose([value, constant, ...gradients.values()]);
});

test('faults leave nothing behind, on the tape or on the device', () => {
  const w = variable([4], 1);
  const sine = () => tf.sum(tf.sin(tf.mul(w, w))) as tf.Scalar;
  expect(() =>
    variableGradients(() => {
      sine();
      throw new Error('out of memory');
    }, [w]),
  ).toThrow('out of memory');
  expect(() => variableGradients(() => tf.scalar(1), [w])).toThrow(/does not depend on any of the variables/);
  const blind = tf.customGrad((x) => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: () => {
      throw new Error('no way back');
    },
  }));
  expect(() => variableGradients(() => tf.sum(tf.sin(blind(tf.sin(w)))) as tf.Scalar, [w])).toThrow('no way back');
  expect(() =>
    variableGradients(() => {
      const inner = variableGradients(sine, [w]);
      return inner.value;
    }, [w]),
  ).toThrow(/within another gradient/);
  const { value, gradients } = variableGradients(sine, [w]);
  tf.dispose([value, ...gradients.values()]);
});
