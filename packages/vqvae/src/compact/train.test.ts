import { createRng, initParams, trainable, variablesOf } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { type CompactConfig, compactLoss, compactSpec, compactVariants, keepCodebook } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, test } from 'vitest';
import { paintedMasks } from './test-masks.js';

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
});
const tiny: CompactConfig = { ...compactVariants.nano, decoderBlocks: 1, codes: 64 };

test('seeding reconstructs at once; training improves on it, keeps its codes alive and leaks nothing', async () => {
  const config = { ...tiny, width: 16, codeDim: 8, codes: 48 };
  const spec = compactSpec(config);
  const params = trainable(spec, initParams(spec, createRng(1)));
  const codebook = params.codebook as tf.Variable<tf.Rank.R2>;
  const images = paintedMasks(2, 32);
  const keeper = keepCodebook(config, createRng(2));
  const optimizer = tf.train.adam(2e-3);
  const variables = [...variablesOf(params).values()];
  const observed = tf.tidy(() => {
    const { tokens, z } = compactLoss(images, params, config);
    return { tokens: tf.keep(tokens), z: tf.keep(z) };
  });
  await keeper.observe(observed);
  tf.dispose(observed);
  expect(await keeper.seed(codebook)).toBeGreaterThan(20);
  const error = () => tf.tidy(() => compactLoss(images, params, config).parts.reconstruction.dataSync()[0]!);
  const seeded = error();
  expect(seeded).toBeLessThan(0.05);
  const step = async () => {
    let kept: { tokens: tf.Tensor3D; z: tf.Tensor4D } | undefined;
    const { value, grads } = tf.variableGrads(() => {
      const { loss, tokens, z } = compactLoss(images, params, config, { commitment: 1 });
      kept = { tokens: tf.keep(tokens), z: tf.keep(z) };
      return loss;
    }, variables);
    optimizer.applyGradients(grads as Record<string, tf.Variable>);
    await keeper.observe(kept!);
    tf.dispose([value, grads, kept!] as tf.TensorContainer);
  };
  await step();
  const before = tf.memory().numTensors;
  for (let i = 0; i < 30; i++) await step();
  await keeper.restart(codebook);
  expect(tf.memory().numTensors).toBe(before);
  expect(error()).toBeLessThan(0.7 * seeded);
  expect(keeper.usage().perplexity).toBeGreaterThan(8);
});
