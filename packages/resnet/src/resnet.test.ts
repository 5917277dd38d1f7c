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
import {
  maxPoolOfRelu,
  type ResNetConfig,
  type ResNetParams,
  resnet,
  resnetSpec,
  resnetTrains,
  resnetVariants,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const small: ResNetConfig = {
  ...resnetVariants['101-d8'],
  channels: [8, 12, 16, 20],
  depths: [1, 2, 1, 2],
  stemChannels: 6,
};
const basic: ResNetConfig = { ...resnetVariants['18'], channels: [4, 5, 6, 7], depths: [1, 1, 1, 2], stemChannels: 4 };
const plainStem: ResNetConfig = { ...small, deepStem: false };

describe('names and sizes', () => {
  // Hash of every "name shape" line of the backbone in the reference (state-dicts/ff-r101-cityscapes.json).
  test('ResNetV1c-101 has the names, shapes and count of the reference', () => {
    expectParameters(resnetSpec(resnetVariants['101-d8']), { entries: 636, hash: 2347335241, count: 42_519_392 });
  });

  // torchvision's counts without the classifier: 11,689,512 − 513,000; 25,557,032 − 2,049,000.
  test.each([
    ['18', 11_176_512],
    ['50', 23_508_032],
  ] as const)('ResNet-%s with the plain stem counts %d parameters', (depth, count) => {
    expect(countParams(resnetSpec({ ...resnetVariants[depth], deepStem: false }))).toBe(count);
  });
});

describe('equals the reference (resnetv1c-depth50)', () => {
  const golden = readGolden('resnetv1c-depth50');
  const { config: c } = golden.manifest;
  const config: ResNetConfig = {
    ...resnetVariants['50'],
    channels: [4, 8, 16, 32].map((factor) => factor * c.base_channels),
    stemChannels: c.stem_channels,
  };
  const load = () => loadParams('resnet', resnetSpec(config), golden.params());

  test('with running statistics', () => {
    for (const [i, map] of resnet(golden.nhwc('input.image'), load(), config).entries())
      expectClose(map, golden.nhwc(`output.eval.${i}`), 5e-5, 2e-4);
  });

  test("with the batch's, which update the running ones", () => {
    const params = load();
    const training = createTraining(createRng(0));
    const maps = resnet(golden.nhwc('input.image'), params, config, training);
    expectClose(maps[3]!, golden.nhwc('output.train.3'), 1e-4, 5e-4);
    const last = params.layer4![2]! as { bn3?: { running_var: tf.Tensor } };
    const updated = training.statistics.get(last.bn3!.running_var)!;
    expectClose(updated, golden.tensor('output.updated.layer4.2.bn3.running_var'), 5e-5, 2e-4);
    discardStatistics(training);
  });
});

test.each([
  [
    'dilated bottlenecks',
    small,
    [
      [2, 9, 13, 8],
      [2, 5, 7, 12],
      [2, 5, 7, 16],
      [2, 5, 7, 20],
    ],
  ],
  [
    'basic blocks',
    basic,
    [
      [2, 9, 13, 4],
      [2, 5, 7, 5],
      [2, 3, 4, 6],
      [2, 2, 2, 7],
    ],
  ],
  [
    'a plain stem',
    plainStem,
    [
      [2, 9, 13, 8],
      [2, 5, 7, 12],
      [2, 5, 7, 16],
      [2, 5, 7, 20],
    ],
  ],
])('gives maps rounded up, with %s', (_, config, shapes) => {
  const maps = resnet(randomImage(35, 50, 2), initParams(resnetSpec(config), createRng(1)), config);
  expect(maps.map(({ shape }) => shape)).toEqual(shapes);
});

test('max pooling pads as PyTorch does', () => {
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  expect([...maxPoolOfRelu(x).dataSync()]).toEqual([5, 6, 8, 9]);
});

test.each([small, basic, plainStem])('leaks no tensor; weights come back (%#)', async (config) => {
  const spec = resnetSpec(config);
  const params = initParams(spec, createRng(1));
  const x = randomImage(17, 16);
  expectNoLeak(() => resnet(x, params, config));
  await expectReload(spec, (p) => resnet(x, p, config));
});

test('has a true gradient', () => {
  // Biases keep every ReLU open, and on a steep ramp the largest of a window stays the largest.
  const params = mapTree(initParams(resnetSpec(basic), createRng(1)), (p, name) =>
    /(bn\d|stem\.[147])\.bias$/.test(name) ? tf.fill(p.shape, 6) : p,
  ) as unknown as ResNetParams;
  const sum = (x: tf.Tensor) =>
    resnet(x as tf.Tensor4D, params, basic)
      .slice(1)
      .reduce((s, map) => tf.add(s, tf.mean(map)), tf.scalar(0) as tf.Tensor);
  const ramp = tf.tensor4d(
    Float32Array.from({ length: 12 * 12 * 3 }, (_, i) => 0.05 * i),
    [1, 12, 12, 3],
  );
  expectGradient(sum, ramp);
});

test('frozen stages leave out their parameters and keep their statistics', () => {
  const config = { ...small, frozenStages: 2 };
  const names = leavesOf(resnetSpec(config)).map(({ name }) => name);
  const trained = names.filter(resnetTrains(config));
  expect(trained.every((name) => /^layer[34]\./.test(name))).toBe(true);
  expect(trained).toContain('layer3.0.conv1.weight');
  expect(names.filter(resnetTrains(small))).toEqual(names);
  const params = initParams(resnetSpec(config), createRng(1));
  const training = createTraining(createRng(0));
  tf.dispose([...resnet(randomImage(16, 16, 2), params, config, training)]);
  const touched = (layer: number) =>
    training.statistics.has((params[`layer${layer}`]![0] as { bn1: { running_mean: tf.Tensor } }).bn1.running_mean);
  expect([1, 2, 3, 4].map(touched)).toEqual([false, false, true, true]);
  discardStatistics(training);
});

test('refuses channels-first images', () => {
  const params = initParams(resnetSpec(basic), createRng(1));
  expect(() => resnet(tf.zeros([1, 3, 32, 32]), params, basic)).toThrow(/resnet: expected \[B, H, W, 3\]/);
});

test('the README runs', async () => expect(await runReadme(import.meta.url)).toBeGreaterThan(0));
