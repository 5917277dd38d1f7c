import { createRng, initParams } from '@gss/tensor';
import {
  type CompactConfig,
  compactSpec,
  compactTokenizer,
  compactVariants,
  createPatchCounter,
  dearestPatches,
  patchCodebook,
  proceduralMask,
  reconstruct,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));
const size = { width: 32, height: 32 };
const colours = tf.tidy(() => tf.tensor2d([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0], [4, 3]));

test.each([
  ['nano', 4],
  ['small8', 8],
] as const)('a mask whose squares all have a code comes back exactly (%s)', (variant, d) => {
  const config: CompactConfig = { ...compactVariants[variant], codes: 70 };
  const mask = proceduralMask(createRng(3), { ...size, classes: 4 });
  const counter = createPatchCounter(d, 4);
  counter.add(mask, size);
  const params = initParams(compactSpec(config), createRng(1));
  const before = tf.memory().numTensors;
  const codebook = patchCodebook(dearestPatches(counter, 70), colours, params, config);
  expect([codebook.shape, tf.memory().numTensors]).toEqual([[70, config.codeDim], before + 1]);
  const image = tf.reshape(tf.gather(colours, tf.tensor1d(mask, 'int32')), [1, 32, 32, 3]) as tf.Tensor4D;
  const tokenizer = compactTokenizer(config, { ...params, codebook });
  const error = tf.max(tf.abs(tf.sub(reconstruct(tokenizer, image), image))).dataSync()[0];
  expect(error).toBeLessThan(1e-4);
});

test('refuses what has no code', () => {
  const config: CompactConfig = { ...compactVariants.nano, codes: 2 };
  const params = initParams(compactSpec(config), createRng(1));
  expect(() => patchCodebook(new Uint8Array(48), colours, params, config)).toThrow(
    '1 … 2 squares of 4 × 4 labels, got 3',
  );
  expect(() => patchCodebook(new Uint8Array(0), colours, params, config)).toThrow('got 0');
  const product = { ...config, groups: 2 };
  expect(() => patchCodebook(new Uint8Array(16), colours, params, product)).toThrow('a code of 2 groups');
});
