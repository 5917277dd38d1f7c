import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argmax, betaOf, leastSquares, linearDecode } from '@gss/maskige/soft';
import { ftwPaper } from '@gss/posterior';
import { priorVariants } from '@gss/prior';
import {
  createMaskigeCodec,
  createSegmenter,
  type GssModelConfig,
  type GssTokenizerConfig,
  imageNetMean,
  imageNetStd,
  inverseSpec,
  learnedInverse,
  modelSpec,
  parseTokenizerConfig,
} from '@gss/segmenter';
import {
  loadModelFolder,
  loadTokenizerFolder,
  packFolder,
  saveModelFolder,
  saveTokenizerFolder,
} from '@gss/segmenter/node';
import { swinVariants } from '@gss/swin';
import { createRng, disposeTree, initParams, type Tree } from '@gss/tensor';
import { expectClose } from '@gss/testing';
import { compactSpec, compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'gss-inverse-'));
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const palette = [
  [255, 0, 40],
  [0, 255, 20],
  [10, 0, 255],
  [255, 255, 0],
] as const;
const classes = palette.map((color, i) => ({ name: `c${i}`, color }));
const maskige = { classes, palette, unlabelled: [0, 0, 0] } as const;
const tokenizer = { type: 'compact', config: { ...compactVariants.nano, codes: 16 } } as const;
const stage1: GssTokenizerConfig = { format: 'gss-tokenizer', version: 1, name: 'test', ...maskige, tokenizer };
const ft = { channels: 4, classes: 4 };
const ftw = { ...ftwPaper(4), channels: 8, hidden: 16, heads: 2, window: 3 };
const prior = {
  ...priorVariants.nano,
  features: swinVariants.nano.channels,
  classes: 4,
  vocabulary: 16,
};
const model: GssModelConfig = {
  format: 'gss-model',
  version: 1,
  name: 'test',
  kind: 'generative',
  ...maskige,
  mean: imageNetMean,
  std: imageNetStd,
  backbone: { type: 'swin', config: swinVariants.nano },
  prior,
  tokenizer,
  decoding: 'argmax',
  inference: { mode: 'whole' },
};
const image = tf.randomUniform([1, 32, 32, 3], 0, 255, 'float32', 4) as tf.Tensor4D;

test('the linear inverse is least squares, in codec and model', () => {
  const codec = createMaskigeCodec({ palette, unlabelled: [0, 0, 0], inverse: 'linear' });
  const x = tf.randomUniform([1, 4, 5, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
  const rows = { data: Float64Array.from(x.dataSync()), rows: 20, columns: 3 };
  const scores = linearDecode(rows, leastSquares(betaOf(palette, 255)));
  expectClose(tf.reshape(codec.scores(x), [20, 4]), tf.tensor2d(Float32Array.from(scores.data), [20, 4]), 1e-4);
  expect([...codec.classes(x).dataSync()]).toEqual([...argmax(scores)]);
  codec.dispose();
});

describe.each([
  ['ft', { ft }],
  ['ftw', { ftw }],
])('an inverse %s', (name, own) => {
  test('comes back from a tokenizer folder, packed too, as it went in', async () => {
    const folder = join(dir, `tokenizer-${name}`);
    const params = initParams(compactSpec(tokenizer.config), createRng(1));
    const inverse = initParams(inverseSpec(own)!, createRng(2));
    await saveTokenizerFolder(folder, { ...stage1, ...own }, params, inverse);
    const packed = join(dir, `packed-${name}`);
    await packFolder(folder, packed, 'f32');
    for (const where of [folder, packed]) {
      const loaded = await loadTokenizerFolder(where);
      expect(loaded.config).toMatchObject(own);
      const values = (tree: unknown) => {
        const all: number[][] = [];
        const visit = (node: unknown): void => {
          if (node instanceof tf.Tensor) all.push([...node.dataSync()]);
          else if (node) for (const child of Object.values(node as object)) visit(child);
        };
        visit(tree);
        return all;
      };
      expect(values(loaded.inverse)).toEqual(values(inverse));
    }
  });

  test('of a model folder decides its scores, and its reconstruction reads it too', async () => {
    const folder = join(dir, `model-${name}`);
    const config = { ...model, ...own };
    await saveModelFolder(folder, config, initParams(modelSpec(config), createRng(3)));
    const { params } = await loadModelFolder(folder);
    const segmenter = createSegmenter(config, params);
    const { scores, maskige } = segmenter.forward(image);
    expectClose(scores, learnedInverse(maskige, params, config)!, 1e-5);
    const { inverse } = await loadTokenizerFolder(folder);
    expect(inverse).toBeDefined();
    disposeTree(inverse as Tree<tf.Tensor>);
    segmenter.dispose();
  });
});

test('an inverse that sees photo and soft maskige runs in forward and in sampling, without a leak', async () => {
  const config = { ...model, ftw: { ...ftw, photo: true, soft: true } };
  const segmenter = createSegmenter(config, initParams(modelSpec(config), createRng(3)));
  const before = tf.memory().numTensors;
  tf.dispose(Object.values(segmenter.forward(image)));
  const samples = await segmenter.sample(tf.tidy(() => tf.squeeze(image, [0])) as tf.Tensor3D, { count: 2 });
  expect((await samples.labels(1)).width).toBe(32);
  samples.dispose();
  expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1); // the image that was handed in
  segmenter.dispose();
});

test('configs whose inverse does not fit are refused by name', async () => {
  const text = (more: object) => JSON.stringify({ ...stage1, ...more });
  expect(() => parseTokenizerConfig(text({ inverse: 'magic' }), 'x')).toThrow(/expected inverse nearest or linear/);
  expect(() => parseTokenizerConfig(text({ ft: { ...ft, classes: 5 } }), 'x')).toThrow(/its inverse was made for 5/);
  const folder = join(dir, 'tokenizer-ft');
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ft: { channels: 6, classes: 4 } }));
  await expect(loadTokenizerFolder(folder)).rejects.toThrow(/\(inverse\).*0\.conv\.weight expected \[6,3,1,1\]/s);
});
