import { createSegmenter, modelSpec, sampleTokens } from '@gss/segmenter';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import { expectNoLeak } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';

const { model } = preset('nano', { classes: 5 });
let segmenter: ReturnType<typeof createSegmenter>;
beforeAll(async () => {
  await tf.setBackend('cpu');
  segmenter = createSegmenter(model, initParams(modelSpec(model), createRng(3)));
});
afterAll(() => segmenter.dispose());

const rng = createRng(1);
const photo = { data: Uint8Array.from({ length: 32 * 48 * 3 }, () => rng.int(256)), width: 48, height: 32 };
/** The same four probabilities at each of n places. */
const places = (n: number, p: readonly number[]) =>
  tf.tile(tf.tensor4d(p.map(Math.log), [1, 1, 1, p.length]), [1, 1, n, 1]) as tf.Tensor4D;
function shares(tokens: tf.Tensor3D, V: number): number[] {
  const counts = new Array<number>(V).fill(0);
  const data = tokens.dataSync();
  for (const token of data) counts[token]! += 1 / data.length;
  return counts;
}

// With 20,000 draws a share's standard deviation is at most 0.0036.
test.each([
  [{}, [0.1, 0.2, 0.3, 0.4]],
  [{ temperature: 0.5 }, [1 / 30, 4 / 30, 9 / 30, 16 / 30]],
  [{ topK: 2 }, [0, 0, 3 / 7, 4 / 7]],
  [{ topK: 2, temperature: 2 }, [0, 0, Math.sqrt(3) / (2 + Math.sqrt(3)), 2 / (2 + Math.sqrt(3))]],
  [{ topK: 9 }, [0.1, 0.2, 0.3, 0.4]],
])('%o draws tokens as often as it says', (options, expected) => {
  const drawn = shares(sampleTokens(places(20000, [0.1, 0.2, 0.3, 0.4]), { ...options, rng: createRng(7) }), 4);
  for (const [i, share] of expected.entries()) expect(Math.abs(drawn[i]! - share)).toBeLessThan(0.018);
});

test('temperature 0 and the single best token are arg max', () => {
  const logits = tf.randomNormal([1, 4, 5, 16], 0, 1, 'float32', 2) as tf.Tensor4D;
  const best = [...tf.argMax(logits, 3).dataSync()];
  expect([...sampleTokens(logits, { temperature: 0 }).dataSync()]).toEqual(best);
  expect([...sampleTokens(logits, { topK: 1, rng: createRng(1) }).dataSync()]).toEqual(best);
  expectNoLeak(() => sampleTokens(logits, { topK: 3, rng: createRng(1) }));
});

test('refuses what cannot be drawn', async () => {
  const logits = places(1, [0.5, 0.5]);
  expect(() => sampleTokens(logits)).toThrow(/expected rng/);
  expect(() => sampleTokens(logits, { temperature: -1 })).toThrow(/temperature of 0 or more, got -1/);
  expect(() => sampleTokens(logits, { temperature: Number.NaN })).toThrow(/got NaN/);
  expect(() => sampleTokens(logits, { topK: 1.5 })).toThrow(/topK a whole number above 0, got 1.5/);
  await expect(segmenter.sample(photo, { count: 0 })).rejects.toThrow(/count a whole number above 0, got 0/);
  const twin = preset('nano', { classes: 5, kind: 'discriminative' }).model;
  const other = createSegmenter(twin, initParams(modelSpec(twin), createRng(0)));
  await expect(other.sample(photo)).rejects.toThrow(/discriminative and has no tokens/);
  other.dispose();
});

test('temperature 0 draws the prediction, and all agree', async () => {
  const prediction = await segmenter.predict(photo);
  const samples = await segmenter.sample(photo, { count: 2, temperature: 0 });
  expect(await samples.labels(1)).toEqual(await prediction.labels());
  expect(await samples.majority()).toEqual(await prediction.labels());
  expect(await samples.maskige(0)).toEqual(await prediction.maskige());
  expect([...new Set(await samples.agreement())]).toEqual([1]);
  prediction.dispose();
  samples.dispose();
});

test.each([
  ['whole', { mode: 'whole' }],
  ['windows', { mode: 'slide', crop: [32, 32], stride: [32, 16] }],
] as const)(
  '%s: a seed repeats, sample i does not depend on count, agreement is the majority share',
  async (_, inference) => {
    const before = tf.memory().numTensors;
    const progress: string[] = [];
    const options = { temperature: 3, seed: 5, inference };
    const onProgress = (done: number, total: number) => progress.push(`${done}/${total}`);
    const many = await segmenter.sample(photo, { ...options, count: 3, onProgress });
    const one = await segmenter.sample(photo, { ...options, count: 1 });
    const other = await segmenter.sample(photo, { ...options, count: 1, seed: 6 });
    const masks = await Promise.all([0, 1, 2].map(async (i) => (await many.labels(i)).data));
    expect((await one.labels(0)).data).toEqual(masks[0]);
    expect(masks[1]).not.toEqual(masks[0]);
    expect((await other.labels(0)).data).not.toEqual(masks[0]);
    const [majority, agreement] = [(await many.majority()).data, await many.agreement()];
    for (let i = 0; i < agreement.length; i++) {
      const same = masks.filter((mask) => mask[i] === majority[i]).length;
      expect(agreement[i]).toBeCloseTo(same / 3, 6);
    }
    const total = inference.mode === 'whole' ? 3 : 6;
    expect(progress).toEqual(Array.from({ length: total }, (_, i) => `${i + 1}/${total}`));
    await expect(many.labels(3)).rejects.toThrow(/a sample of 0..2, got 3/);
    for (const samples of [many, one, other]) samples.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('an aborted draw rejects with the reason and keeps nothing', async () => {
  const before = tf.memory().numTensors;
  const stop = new AbortController();
  const onProgress = () => stop.abort(new Error('enough'));
  await expect(segmenter.sample(photo, { count: 4, signal: stop.signal, onProgress })).rejects.toThrow('enough');
  await expect(segmenter.sample(photo, { signal: AbortSignal.abort(new Error('at once')) })).rejects.toThrow('at once');
  await expect(segmenter.predict(photo, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  expect(tf.memory().numTensors).toBe(before);
});

test('a seed draws the same tokens on cpu and wasm', async () => {
  const rng = createRng(1);
  const data = Float32Array.from({ length: 6 * 8 * 64 }, () => rng.normal());
  const draws: number[][] = [];
  try {
    for (const backend of ['cpu', 'wasm']) {
      await tf.setBackend(backend);
      const logits = tf.tensor4d(data, [1, 6, 8, 64]);
      for (const options of [{}, { topK: 5 }])
        draws.push([...sampleTokens(logits, { ...options, rng: createRng(2) }).dataSync()]);
    }
  } finally {
    await tf.setBackend('cpu');
  }
  expect(draws.slice(2)).toEqual(draws.slice(0, 2));
});
