import { compilePipeline, sampleRandom } from '@gss/datasets';
import { expect, test } from 'vitest';
import { parseConfig } from '../config/load.js';
import { trainingPipeline } from './pipeline.js';

const stage = { steps: 1, batchSize: 1, crop: [8, 8], ratioRange: [1, 1], lr: 0.001 };
const priorOf = (prior: object) =>
  parseConfig(
    { name: 't', tokenizer: { ...stage, variant: 'nano' }, prior: { ...stage, backbone: 'nano', ...prior } },
    'x',
  ).prior;
const size = { width: 8, height: 8 };
const grey = {
  image: { data: new Uint8Array(192).fill(100), ...size },
  labels: { data: new Uint8Array(64), ...size },
  name: 'g',
};

/** The values that sixty-four epochs of one grey picture have. */
const valuesOf = (photometric: unknown) => {
  const run = compilePipeline(trainingPipeline(priorOf({ photometric }), size));
  return Array.from({ length: 64 }, (_, epoch) => run(grey, sampleRandom(1, epoch, 0)).image.data[0]!);
};

test('photometric distortion is that of mmsegmentation, none, or one of other sizes', () => {
  expect(new Set(valuesOf(false))).toEqual(new Set([100]));
  const usual = valuesOf(true);
  expect(Math.min(...usual)).toBeGreaterThanOrEqual(34); // (100 − 32) / 2
  expect(Math.min(...usual)).toBeLessThan(60);
  expect(valuesOf({})).toEqual(usual);
  const dark = valuesOf({ brightnessDelta: 0, contrastRange: [0.1, 0.1] });
  expect(new Set(dark)).toEqual(new Set([10, 100])); // every step with probability ½
});

test('sizes that are none are refused by name', () => {
  expect(() => priorOf({ photometric: { contrastRange: [1.5, 0.5] } })).toThrow(/prior.photometric/);
  expect(() => priorOf({ photometric: { hueDelta: 100 } })).toThrow(/prior.photometric/);
  expect(() => priorOf({ photometric: { brightnes: 3 } })).toThrow(/prior.photometric/);
});
