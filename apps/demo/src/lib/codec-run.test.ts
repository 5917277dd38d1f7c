import { renderStreetScene } from '@gss/datasets';
import { maximalDistancePalette } from '@gss/maskige';
import { expect, test } from 'vitest';
import { runCodec } from './codec-run.js';

const { labels } = renderStreetScene({ seed: 1, index: 0, width: 96, height: 64 });
const known = { ...labels, data: labels.data.map((label) => (label > 12 ? 0 : label)) };
const palette = maximalDistancePalette(13);
const never = () => Promise.reject(new Error('no JPEG was asked for'));

test('without damage every pixel comes back', async () => {
  const run = await runCodec(known, palette, { noise: 0, shrink: 1, jpeg: 0 }, never);
  expect(run.scores.aAcc).toBe(100);
  expect([...run.decoded.data]).toEqual([...known.data]);
  expect(run.bytes).toBeUndefined();
});

test('noise and shrinking cost pixels, and the JPEG step is handed the damaged image', async () => {
  const noisy = await runCodec(known, palette, { noise: 70, shrink: 1, jpeg: 0 }, never);
  const shrunk = await runCodec(known, palette, { noise: 0, shrink: 4, jpeg: 0 }, never);
  expect(noisy.scores.aAcc).toBeLessThan(95);
  expect(noisy.scores.aAcc).toBeGreaterThan(20);
  expect(shrunk.scores.aAcc).toBeLessThan(99.9);
  const trip = await runCodec(known, palette, { noise: 70, shrink: 1, jpeg: 30 }, async (image, quality) => {
    expect([...image.data.subarray(0, 30)]).toEqual([...noisy.damaged.data.subarray(0, 30)]);
    return { image: noisy.maskige, bytes: quality };
  });
  expect([trip.bytes, trip.scores.aAcc]).toEqual([30, 100]);
});
