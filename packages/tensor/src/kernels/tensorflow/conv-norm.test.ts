import * as tf from '@tensorflow/tfjs';
import { describe, test } from 'vitest';
import { convBatchNorm } from '../../layers/conv-norm.js';
import { batchNormSpec, batchNorm as layerBatchNorm } from '../../layers/norm.js';
import { createRng } from '../../rng.js';
import { createTraining } from '../../training.js';
import { initParams } from '../../weights.js';
import { noise } from '../wasm/test-backends.js';
import { expectAsOnCpu, expectSame, startNative } from './test-native.js';

const absent = await startNative();
if (absent) console.log(`tests of the tensorflow kernels are skipped: the native backend does not load (${absent})`);

describe.skipIf(absent !== undefined)('convolutions and batch norms on tensorflow', () => {
  test('batch norm moves running statistics as PyTorch', async () => {
    const norm = () => ({
      ...initParams(batchNormSpec(3), createRng(1)),
      running_mean: noise([3], 4) as tf.Tensor1D,
      running_var: tf.add(noise([3], 5), 1) as tf.Tensor1D,
    });
    const next = () => {
      const training = createTraining(createRng(1));
      const p = norm();
      const y = layerBatchNorm(noise([2, 3, 3, 3], 1) as tf.Tensor4D, p, training);
      return [y, ...training.statistics.values()];
    };
    await expectAsOnCpu(next);
  });
  test('a convolution with its batch norm', () =>
    expectAsOnCpu(() => {
      const norm = { ...initParams(batchNormSpec(4), createRng(1)), running_mean: noise([4], 6) as tf.Tensor1D };
      const options = { stride: 1, activate: true };
      return convBatchNorm(
        noise([1, 5, 6, 3], 1) as tf.Tensor4D,
        { weight: noise([3, 3, 3, 4], 2) as tf.Tensor4D },
        norm,
        options,
      );
    }));
  test('gradients of 1 × 1 convolutions, with and without stride', async () => {
    for (const stride of [1, 2]) {
      const f = (x?: tf.Tensor, w?: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 'valid');
      await expectSame(f, f, () => [noise([2, 5, 4, 6], 1), noise([1, 1, 6, 7], 2)]);
    }
  });
});
