import { createRng, initParams } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { expectClose } from '@gss/testing';
import {
  type DvaeConfig,
  decoderHalos,
  dvaeDecoder,
  dvaeDecoderSpec,
  dvaeDecoderTiled,
  dvaeEncoder,
  dvaeEncoderSpec,
  dvaeEncoderTiled,
  dvaeSpec,
  dvaeTilesFor,
  dvaeTokenizer,
  dvaeVariants,
  embedTokens,
  type Region,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';

const config: DvaeConfig = { channels: 3, hidden: 4, init: 4, blocksPerGroup: 1, vocabulary: 32 };
const deep: DvaeConfig = { ...config, blocksPerGroup: 2 };
beforeAll(async () => {
  await tf.setBackend('wasm');
  registerWasmKernels();
});

type Four = readonly [number, number, number, number];
const noise = (shape: [number, number, number, number], seed: number) =>
  tf.randomUniform(shape, 0, 1, 'float32', seed) as tf.Tensor4D;

describe('tiles join without a seam', () => {
  test.each<{ tiles: Four; size: [number, number]; c: DvaeConfig }>([
    { tiles: [2, 2, 2, 2], size: [9, 5], c: config },
    { tiles: [9, 4, 3, 1], size: [9, 5], c: config },
    { tiles: [4, 9, 9, 2], size: [5, 9], c: config },
    { tiles: [7, 5, 3, 2], size: [7, 4], c: deep },
  ])('decoder, $tiles of $size tokens', ({ tiles, size: [h, w], c }) => {
    const p = initParams(dvaeDecoderSpec(c), createRng(1));
    const tokens = tf.randomUniform([2, h, w], 0, 32, 'int32', 3) as tf.Tensor3D;
    const embedded = embedTokens(tokens, p);
    const part = ([rows, columns]: Region) =>
      tf.slice(
        embedded,
        [0, rows.start, columns.start, 0],
        [2, rows.end - rows.start, columns.end - columns.start, c.init],
      );
    const before = tf.memory().numTensors;
    const tiled = dvaeDecoderTiled(part, [h, w], p, c, tiles);
    expect(tf.memory().numTensors).toBe(before + 1);
    expectClose(tiled, dvaeDecoder(embedded, p, c), 1e-6);
  });
  test.each<{ tiles: Four; size: [number, number]; c: DvaeConfig }>([
    { tiles: [10, 6, 4, 2], size: [40, 24], c: config },
    { tiles: [40, 6, 40, 1], size: [24, 40], c: config },
    { tiles: [3, 5, 3, 5], size: [40, 8], c: config }, // odd sides are rounded to the 2 × 2 squares of the pools
    { tiles: [16, 8, 6, 2], size: [32, 32], c: deep },
  ])('encoder, $tiles of $size pixels', ({ tiles, size, c }) => {
    const p = initParams(dvaeEncoderSpec(c), createRng(1));
    const image = noise([2, ...size, 3], 5);
    const before = tf.memory().numTensors;
    const tiled = dvaeEncoderTiled(image, p, c, tiles, (logits) => tf.clone(logits));
    expect(tf.memory().numTensors).toBe(before + 1);
    expectClose(tiled, dvaeEncoder(image, p, c), 1e-5);
  });
  test('tiles of nothing, and sides that are not multiples of 8, are refused', () => {
    const p = initParams(dvaeSpec(config), createRng(1));
    const embed = () => noise([1, 2, 2, 4], 1);
    expect(() => dvaeDecoderTiled(embed, [2, 2], p.decoder, config, [1, 1, 1, 0])).toThrow('got 1, 1, 1, 0');
    expect(() => dvaeEncoderTiled(noise([1, 8, 12, 3], 1), p.encoder, config, [8, 8, 8, 8], tf.clone)).toThrow(
      '8 × 12',
    );
  });
});

test('the halo is what the receptive field needs', () => {
  expect(decoderHalos(dvaeVariants.paper)).toEqual([12, 12, 10, 6]);
  expect(decoderHalos(config)).toEqual([6, 6, 6, 4]);
});

describe('tiles chosen from memory', () => {
  const GiB = 2 ** 30;
  test('more memory gives larger tiles, and enough gives none', () => {
    const sides = [1, 2, 4].map((n) => dvaeTilesFor(dvaeVariants.paper, [2048, 1024], n * GiB));
    for (const key of ['decode', 'encode'] as const)
      for (let i = 0; i < 4; i++) expect(sides[1]![key][i]).toBeGreaterThanOrEqual(sides[0]![key][i]!);
    expect(sides[0]!.decode[3]).toBe(43); // tokens
    expect(sides[0]!.encode[0]).toBe(344); // pixels
    expect(dvaeTilesFor(dvaeVariants.paper, [2048, 1024], 32 * GiB)).toMatchObject({
      decode: [256, 256, 256, 256],
      encode: [2048, 1024, 512, 256],
    });
  });
  test('a batch is taken together as far as it fits', () => {
    expect(dvaeTilesFor(dvaeVariants.paper, [256, 256], 8 * GiB).batch).toBe(16);
    expect(dvaeTilesFor(dvaeVariants.paper, [256, 256], GiB / 4).batch).toBe(1);
  });
  test('too little is refused with what is needed', () => {
    expect(() => dvaeTilesFor(dvaeVariants.paper, [256, 256], 2 ** 20)).toThrow(/Give it \d+ MiB/);
    expect(() => dvaeTilesFor(dvaeVariants.paper, [256, 256], 0)).toThrow('positive number of bytes');
    const needed = (size: [number, number]) => {
      try {
        dvaeTilesFor(config, size, 1000);
      } catch (error) {
        return Number(/Give it (\d+) MiB/.exec(String(error))![1]);
      }
      throw new Error('was not refused');
    };
    expect(dvaeTilesFor(config, [512, 512], needed([512, 512]) * 2 ** 20).batch).toBe(1);
  });
  test('the maps stay within it, and the result is that of the whole', async () => {
    const c = { ...config, hidden: 16, vocabulary: 64 };
    const params = initParams(dvaeSpec(c), createRng(2));
    const image = noise([2, 96, 64, 3], 7);
    const generous = dvaeTokenizer(c, params, { memory: 2 ** 34 });
    const tokens = generous.encode(image);
    const pixels = generous.decode(tokens);
    for (const memory of [2 ** 19, 2 ** 21]) {
      const tokenizer = dvaeTokenizer(c, params, { memory });
      const peaks: number[] = [];
      for (const run of [() => tokenizer.encode(image), () => tokenizer.decode(tokens)]) {
        const before = tf.memory().numBytes;
        peaks.push((await tf.profile(run)).peakBytes - before);
      }
      const io = 4 * (image.size + pixels.size); // images in and out are the caller's
      for (const peak of peaks) expect(peak).toBeLessThan(memory + io);
      expectClose(tokenizer.encode(image), tokens, 0);
      expectClose(tokenizer.decode(tokens), pixels, 1e-5);
    }
  });
});
