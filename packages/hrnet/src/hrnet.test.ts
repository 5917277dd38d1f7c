import {
  countParams,
  createRng,
  createTraining,
  discardStatistics,
  initParams,
  leavesOf,
  loadParams,
  mapTree,
} from '@gss/tensor';
import {
  expectClose,
  expectGradient,
  expectNoLeak,
  expectParameters,
  expectReload,
  randomImage,
  readGolden,
  runReadme,
} from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type HRNetConfig, type HRNetParams, hrnet, hrnetSpec, hrnetTrains, hrnetVariants } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const small: HRNetConfig = {
  channels: [3, 4, 5, 6],
  first: { blocks: 1, planes: 4 },
  stages: [
    { modules: 1, blocks: [1, 1], channels: [3, 4] },
    { modules: 1, blocks: [1, 1, 1], channels: [3, 4, 5] },
    { modules: 1, blocks: [1, 1, 1, 1], channels: [3, 4, 5, 6] },
  ],
};
const fresh = () => initParams(hrnetSpec(small), createRng(1));

describe('names and sizes', () => {
  // Hash of every "name shape" line of the backbone in the reference (state-dicts/ff-hrnet-w48-mseg.json).
  test('HRNet-W48 has the names, shapes and count of the reference', () => {
    expectParameters(hrnetSpec(hrnetVariants.W48), { entries: 1830, hash: 1278376715, count: 65_325_120 });
  });

  test('narrower variants are smaller', () => {
    const [w18, w32, w48] = [hrnetVariants.W18, hrnetVariants.W32, hrnetVariants.W48].map((v) =>
      countParams(hrnetSpec(v)),
    );
    expect(w18).toBeLessThan(w32!);
    expect(w32).toBeLessThan(w48!);
  });
});

test('equals the reference on odd sizes (hrnet-odd)', () => {
  const golden = readGolden('hrnet-odd');
  const { extra } = golden.manifest.config;
  const stage = (i: number) => {
    const { num_modules, num_blocks, num_channels } = extra[`stage${i}`];
    return { modules: num_modules, blocks: num_blocks, channels: num_channels };
  };
  const config: HRNetConfig = {
    channels: extra.stage4.num_channels,
    first: { blocks: extra.stage1.num_blocks[0], planes: extra.stage1.num_channels[0] },
    stages: [stage(2), stage(3), stage(4)],
  };
  const maps = hrnet(golden.nhwc('input.image'), loadParams('hrnet', hrnetSpec(config), golden.params()), config);
  for (const [i, map] of maps.entries()) expectClose(map, golden.nhwc(`output.eval.${i}`), 5e-5, 2e-4);
});

test('gives maps at strides 4, 8, 16 and 32, sizes rounded up', () => {
  expect(hrnet(randomImage(37, 50, 2), fresh(), small).map(({ shape }) => shape)).toEqual([
    [2, 10, 13, 3],
    [2, 5, 7, 4],
    [2, 3, 4, 5],
    [2, 2, 2, 6],
  ]);
});

test('leaks no tensor; weights come back from their state dict', async () => {
  const params = fresh();
  const x = randomImage(16, 20);
  expectNoLeak(() => hrnet(x, params, small));
  await expectReload(hrnetSpec(small), (p) => hrnet(x, p, small));
});

test('has a true gradient', () => {
  // Biases keep every ReLU open, where finite differences mean something.
  const params = mapTree(fresh(), (p, name) =>
    p.rank === 1 && name.endsWith('.bias') ? tf.fill(p.shape, 6) : p,
  ) as unknown as HRNetParams;
  const sum = (x: tf.Tensor) =>
    hrnet(x as tf.Tensor4D, params, small).reduce((s, map) => tf.add(s, tf.mean(map)), tf.scalar(0) as tf.Tensor);
  expectGradient(sum, randomImage(8, 8));
});

test('frozen stages leave out their parameters and keep their statistics', () => {
  const config: HRNetConfig = { ...small, frozenStages: 2 };
  const names = leavesOf(hrnetSpec(config)).map(({ name }) => name);
  const trained = names.filter(hrnetTrains(config));
  expect(trained.every((name) => /^(stage[34]|transition3)\./.test(name))).toBe(true);
  expect(trained.length).toBeGreaterThan(0);
  expect(names.filter(hrnetTrains(small))).toEqual(names);
  const params = fresh();
  const training = createTraining(createRng(0));
  tf.dispose([...hrnet(randomImage(32, 32, 2), params, config, training)]);
  expect(training.statistics.has(params.bn1.running_mean)).toBe(false);
  expect(training.statistics.has(params.stage2[0]!.branches[0]![0]!.bn1.running_mean)).toBe(false);
  expect(training.statistics.has(params.stage3[0]!.branches[0]![0]!.bn1.running_mean)).toBe(true);
  discardStatistics(training);
});

test('refuses channels-first images', () => {
  expect(() => hrnet(tf.zeros([1, 3, 32, 32]), fresh(), small)).toThrow(/hrnet: expected \[B, H, W, 3\]/);
});

test('the README runs', async () => expect(await runReadme(import.meta.url)).toBeGreaterThan(0));
