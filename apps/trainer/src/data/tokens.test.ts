import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderStreetScene, syntheticStreetsClasses } from '@gss/datasets';
import { openDataset } from '@gss/datasets/node';
import { maximalDistancePalette } from '@gss/maskige';
import { createMaskigeCodec, openTokenizer, tokenizerSpec } from '@gss/segmenter';
import { saveTokenizerFolder } from '@gss/segmenter/node';
import { createRng, initParams } from '@gss/tensor';
import { selectBackend } from '@gss/tensor/node';
import { bundleWorker } from '@gss/testing';
import type { LoaderOptions } from '@gss/train/node';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { quietOutput } from '../cli/test-output.js';
import { parseConfig } from '../config/load.js';
import { trainPrior } from '../stages/prior.js';
import { encodeMaps, openTokens, type TokenCoder, tokenRecipe, whyNotCached } from './tokens.js';

// Worker threads get plain JavaScript: the loader's worker, bundled from the sources.
vi.mock('@gss/train/node', async (original) => {
  const node = await original<typeof import('@gss/train/node')>();
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  const home = join(root, 'packages', 'train');
  const worker = await bundleWorker(join(home, 'src', 'node', 'loader-worker.ts'), home, root);
  return { ...node, createLoader: (options: LoaderOptions) => node.createLoader({ ...options, worker }) };
});

const dir = mkdtempSync(join(tmpdir(), 'gss-token-training-'));
const classes = syntheticStreetsClasses;
const tokenizer = { type: 'compact', config: { ...compactVariants.nano, codes: 64 } } as const;
const coderOf = (seed: number, more: Partial<TokenCoder['config']> = {}): TokenCoder => {
  const config = {
    format: 'gss-tokenizer',
    version: 1,
    name: 'test',
    classes: classes.map(({ name, color }) => ({ name, color })),
    palette: maximalDistancePalette(classes.length),
    unlabelled: [0, 0, 0],
    tokenizer,
    ...more,
  } as TokenCoder['config'];
  const params = initParams(tokenizerSpec(tokenizer), createRng(seed));
  return { config, params, tokenizer: openTokenizer(tokenizer, params), codec: createMaskigeCodec(config), scale: 1 };
};
let coder: TokenCoder;

beforeAll(async () => {
  await selectBackend({ backend: 'wasm' });
  coder = coderOf(1);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const maps = Array.from(
  { length: 3 },
  (_, index) => renderStreetScene({ seed: 4, index, width: 64, height: 32, variety: 'calm' }).labels,
);

describe('tokens', () => {
  test('from the cache are those of the encoder bit for bit, alone or in a batch', async () => {
    const cache = await openTokens(join(dir, 'a'), coder);
    const fresh = await encodeMaps(maps, coder);
    for (const [i, map] of maps.entries()) await cache.put(cache.key(map), fresh[i]!);
    for (const [i, map] of maps.entries()) {
      expect(await cache.get(cache.key(map))).toEqual(fresh[i]);
      expect(await encodeMaps([map], coder)).toEqual([fresh[i]]);
    }
    expect(new Set(fresh[0]!.data).size).toBeGreaterThan(3);
  });
  test('unlabelled pixels take the nearest label, and encoding leaves no tensor', async () => {
    const before = tf.memory().numTensors;
    const halves = { data: Uint8Array.from({ length: 2048 }, (_, i) => (i % 64 < 32 ? 3 : 5)), width: 64, height: 32 };
    const holed = { ...halves, data: halves.data.map((v, i) => (i % 64 < 16 || i % 64 >= 48 ? 255 : v)) };
    const [plain, filled] = await encodeMaps([halves, holed], coder);
    expect(filled).toEqual(plain);
    expect(tf.memory().numTensors).toBe(before);
  });
  test('of other weights, another palette, unlabelled colour or scale are looked for elsewhere', async () => {
    const recipes = await Promise.all(
      [
        coder,
        coderOf(2),
        coderOf(1, { palette: coder.config.palette.toReversed() }),
        coderOf(1, { unlabelled: [9, 9, 9] }),
        { ...coder, scale: 2 },
      ].map(tokenRecipe),
    );
    expect(new Set(recipes.map((recipe) => JSON.stringify(recipe))).size).toBe(5);
    expect(await tokenRecipe(coderOf(1))).toEqual(recipes[0]);
    const painted = {
      ...coder,
      codec: {
        ...coder.codec,
        paint: (x: tf.Tensor3D) => coderOf(1, { palette: coder.config.palette.toReversed() }).codec.paint(x),
      },
    };
    expect((await tokenRecipe(painted)).probe).not.toBe(recipes[0]!.probe); // code that paints otherwise
  });
  test('that depend on the photo, or on crops anywhere, are not kept', () => {
    const size = { width: 64, height: 48 };
    const photo = { ...coder, tokenizer: { ...coder.tokenizer, needsContext: true } };
    expect(whyNotCached(photo, [], size)).toMatch(/depend on the photo/);
    expect(whyNotCached(coder, [{ type: 'RandomCrop', width: 32, height: 32 }], size)).toMatch(/give it a stride/);
  });
});

test.each(['head', 'nearest'] as const)(
  'a training that fills unlabelled pixels by %s gives the same numbers without a cache, filling one, and reading from it',
  async (fillUnlabelled) => {
    const home = join(dir, fillUnlabelled);
    const folder = join(home, 'tokenizer');
    await saveTokenizerFolder(folder, coder.config as Parameters<typeof saveTokenizerFolder>[1], coder.params);
    const prior = {
      backbone: 'nano',
      steps: 4,
      batchSize: 2,
      crop: [32, 32],
      cropStride: 16,
      ratioRange: [1, 1],
      fillUnlabelled,
      lr: 0.002,
    };
    const config = parseConfig(
      { name: 'cached', seed: 3, tokenizer: { variant: 'nano', steps: 1, batchSize: 1, crop: [32, 32], lr: 1 }, prior },
      'test',
    );
    const source = { kind: 'synthetic-streets', seed: 1, count: 4, width: 64, height: 48 } as const;
    const dataset = await openDataset(source);
    const { out, notes } = quietOutput();
    const run = async (name: string, tokenCache?: string) => {
      const train = { source, dataset, classes: dataset.classes, size: { width: 64, height: 48 } };
      const { signal } = new AbortController();
      await trainPrior({
        config,
        train,
        dir: join(home, name),
        out,
        signal,
        resume: false,
        tokenizer: folder,
        tokenCache,
      });
      const losses = readFileSync(join(home, name, 'prior', 'log.jsonl'), 'utf8')
        .split('\n')
        .filter(Boolean);
      return {
        weights: readFileSync(join(home, name, 'model', 'model.safetensors')).toString('base64'),
        loss: losses.map((line) => (JSON.parse(line) as { loss?: number }).loss),
      };
    };
    const cache = join(home, 'cache');
    const plain = await run('plain');
    const cold = await run('cold', cache);
    const warm = await run('warm', cache);
    expect(cold).toEqual(plain);
    expect(warm).toEqual(plain);
    const [hits, encoded, left = '0'] = notes.findLast((text) => text.startsWith('tokens: '))!.match(/\d+/g)!;
    expect(encoded).toBe('0');
    expect(Number(hits) + Number(left)).toBe(8); // some of these crops have unlabelled pixels
    if (fillUnlabelled === 'nearest') expect(left).toBe('0');
    else expect(Number(left)).toBeGreaterThan(0);
  },
);
