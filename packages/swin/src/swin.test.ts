import { countParams, createRng, createTraining, initParams, leavesOf, loadParams, ShapeError } from '@gss/tensor';
import {
  expectClose,
  expectGradient,
  expectNoLeak,
  expectParameters,
  expectReload,
  findGolden,
  randomImage,
  readGolden,
  runReadme,
} from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { dropPathRates, type SwinConfig, swin, swinSpec, swinTrains, swinVariants } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const small: SwinConfig = {
  channels: [4, 8, 12, 16],
  depths: [1, 2, 1, 1],
  heads: [1, 2, 2, 4],
  window: 3,
  mlpRatio: 2,
  dropPath: 0.5,
};
const shapes = (maps: readonly tf.Tensor[]) => maps.map(({ shape }) => shape);

describe('names and sizes', () => {
  // Hash of every "name shape" line of the backbone in the reference's Swin-L (state-dicts/ff-swin-l-ade20k.json).
  test('Swin-L has the names, shapes and count of the reference', () => {
    expectParameters(swinSpec(swinVariants.L), { entries: 357, hash: 1334662453, count: 195_201_204 });
  });

  test.each([
    ['T', 27_520_698],
    ['S', 48_838_602],
    ['B', 86_880_376],
  ] as const)('Swin-%s counts %d parameters', (variant, count) => {
    expect(countParams(swinSpec(swinVariants[variant]))).toBe(count);
  });

  test('an absolute position table is one more parameter', () => {
    const spec = swinSpec({ ...small, absolutePosition: [6, 5] });
    expect(countParams(spec) - countParams(swinSpec(small))).toBe(6 * 5 * 4);
  });
});

describe.each(['patch', 'conv'] as const)('with stem %s', (stem) => {
  const config: SwinConfig = { ...small, stem };
  const params = () => initParams(swinSpec(config), createRng(1));

  test('gives maps at strides 4, 8, 16 and 32, sizes rounded up', () => {
    const maps = swin(randomImage(37, 50, 2), params(), config);
    expect(shapes(maps)).toEqual([
      [2, 10, 13, 4],
      [2, 5, 7, 8],
      [2, 3, 4, 12],
      [2, 2, 2, 16],
    ]);
  });

  test('leaks no tensor', () => {
    const p = params();
    const x = randomImage(20, 24);
    expectNoLeak(() => swin(x, p, config));
  });

  test('has a true gradient', () => {
    const p = params();
    const sum = (x: tf.Tensor) =>
      swin(x as tf.Tensor4D, p, config).reduce((s, map) => tf.add(s, tf.sum(map)), tf.scalar(0) as tf.Tensor);
    expectGradient(sum, randomImage(16, 12));
  });

  test('weights come back from their state dict', () =>
    expectReload(swinSpec(config), (p) => swin(randomImage(16, 16), p, config)));
});

test('refuses channels-first images, naming itself and the remedy', () => {
  const p = initParams(swinSpec(small), createRng(1));
  const wrong = tf.zeros([1, 3, 32, 32]) as tf.Tensor4D;
  expect(() => swin(wrong, p, small)).toThrow(ShapeError);
  expect(() => swin(wrong, p, small)).toThrow(/swin: expected \[B, H, W, 3\], got \[1, 3, 32, 32\].*channels-last/);
});

test('absolute positions are added, resized to other maps', () => {
  const config: SwinConfig = { ...small, absolutePosition: [4, 4] };
  const p = initParams(swinSpec(config), createRng(2));
  const without = { ...p, absolute_pos_embed: tf.zerosLike(p.absolute_pos_embed!) };
  for (const side of [16, 28]) {
    const x = randomImage(side, side);
    const apart = tf.max(tf.abs(tf.sub(swin(x, p, config)[0]!, swin(x, without, config)[0]!)));
    expect(apart.dataSync()[0]).toBeGreaterThan(1e-3);
    expectClose(swin(x, without, config)[0]!, swin(x, without, small)[0]!, 0);
  }
});

describe('drop path', () => {
  test('rates grow linearly over all blocks', () => {
    expect(dropPathRates([2, 1, 2], 0.4)).toEqual([0, 0.1, 0.2, expect.closeTo(0.3), 0.4]);
    expect(dropPathRates([1], 0.3)).toEqual([0]);
  });

  test('the same seed drops the same branches, another seed others', () => {
    const p = initParams(swinSpec(small), createRng(3));
    const x = randomImage(32, 32, 4);
    const run = (seed: number) => swin(x, p, small, createTraining(createRng(seed)))[3]!;
    expectClose(run(5), run(5), 0);
    expect(() => expectClose(run(5), run(6), 1e-4)).toThrow(/largest error/);
  });

  test('frozen stages drop nothing', () => {
    const config = { ...small, frozenStages: 4 };
    const p = initParams(swinSpec(config), createRng(3));
    const x = randomImage(32, 32, 4);
    expectClose(swin(x, p, config, createTraining(createRng(5)))[3]!, swin(x, p, config)[3]!, 0);
  });
});

test('frozen stages leave out the embedding, their blocks, norms and merging', () => {
  const names = leavesOf(swinSpec(small)).map(({ name }) => name);
  const trained = (frozenStages: number) => names.filter(swinTrains({ ...small, frozenStages }));
  expect(trained(-1)).toEqual(names);
  expect(trained(0)).toEqual(names.filter((name) => !name.startsWith('patch_embed')));
  expect(trained(4)).toEqual([]);
  const two = trained(2);
  expect(two).toContain('norm2.weight');
  expect(two).toContain('stages.2.downsample.reduction.weight');
  expect(two.some((name) => /^stages\.[01]\.|^norm[01]\./.test(name))).toBe(false);
});

test('equals the reference on odd sizes (swin-odd)', (context) => {
  if (!findGolden('swin-odd')) return context.skip('the full golden set is not beside the repository');
  const golden = readGolden('swin-odd');
  const { config: c } = golden.manifest;
  const config: SwinConfig = {
    channels: c.depths.map((_: number, i: number) => c.embed_dims * 2 ** i),
    depths: c.depths,
    heads: c.num_heads,
    window: c.window_size,
    mlpRatio: c.mlp_ratio,
    dropPath: c.drop_path_rate,
  };
  const maps = swin(golden.nhwc('input.image'), loadParams('swin', swinSpec(config), golden.params()), config);
  for (const [i, map] of maps.entries()) expectClose(map, golden.nhwc(`output.stage${i}`), 1e-5);
});

test('the README runs', async () => expect(await runReadme(import.meta.url)).toBeGreaterThan(0));
