import {
  countParams,
  createRng,
  createTraining,
  discardStatistics,
  initParams,
  leavesOf,
  withStatistics,
} from '@gss/tensor';
import { expectClose, expectNoLeak, expectParameters, expectReload, randomImage, runReadme } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  backboneWeights,
  type EfficientNetConfig,
  efficientnet,
  efficientnetClassifierSpec,
  efficientnetLite,
  efficientnetSpec,
  efficientnetTrains,
  efficientnetVariants,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const small: EfficientNetConfig = { ...efficientnetLite({ width: 0.2, depth: 0.5 }), stemChannels: 8 };

describe('names and sizes', () => {
  // Parameters of the published checkpoints, and a hash of every "name shape" line in them.
  test.each([
    ['lite0', 296, 4_652_008, 774501388],
    ['lite1', 386, 5_416_680, 4159697519],
    ['lite2', 386, 6_092_072, 371484041],
  ] as const)('%s has the %d names and shapes of its checkpoint, and its %d parameters', (name, entries, count, hash) =>
    expectParameters(efficientnetClassifierSpec(efficientnetVariants[name]), { entries, hash, count }),
  );

  test.each([
    ['lite0', 2_958_848, [24, 40, 112, 320]],
    ['lite1', 3_723_520, [24, 40, 112, 320]],
    ['lite2', 4_357_952, [24, 48, 120, 352]],
  ] as const)('the backbone of %s counts %d', (name, count, channels) => {
    expect(countParams(efficientnetSpec(efficientnetVariants[name]))).toBe(count);
    expect(efficientnetVariants[name].channels).toEqual(channels);
  });

  test('the classifier is what backboneWeights leaves out', () => {
    const names = (spec: object) => leavesOf(spec).map(({ name }) => [name, 0] as const);
    const left = backboneWeights(new Map(names(efficientnetClassifierSpec(small))));
    expect([...left.keys()]).toEqual(names(efficientnetSpec(small)).map(([name]) => name));
  });
});

test('gives maps rounded up, also of an image smaller than its strides', () => {
  const params = initParams(efficientnetSpec(small), createRng(1));
  const shapes = (height: number, width: number) =>
    efficientnet(randomImage(height, width, 2), params, small).map(({ shape }) => shape.slice(1, 3));
  expect(shapes(35, 50)).toEqual([
    [9, 13],
    [5, 7],
    [3, 4],
    [2, 2],
  ]);
  expect(shapes(3, 1)).toEqual([1, 1, 1, 1].map(() => [1, 1]));
});

test('leaks no tensor, in training either; weights come back', async () => {
  const spec = efficientnetSpec(small);
  const params = initParams(spec, createRng(1));
  const x = randomImage(17, 16);
  expectNoLeak(() => efficientnet(x, params, small));
  expectNoLeak(() => {
    const training = createTraining(createRng(0));
    const maps = efficientnet(x, params, small, training);
    discardStatistics(training);
    return maps;
  });
  await expectReload(spec, (p) => efficientnet(x, p, small));
});

test('drop path leaves out branches with an identity around them, in training alone', () => {
  const config = { ...small, dropPath: 0.999, normEval: true };
  const params = initParams(efficientnetSpec(config), createRng(1));
  const x = randomImage(32, 32);
  const trained = efficientnet(x, params, config, createTraining(createRng(3)));
  const plain = efficientnet(x, params, { ...config, dropPath: 0 }, createTraining(createRng(3)));
  expectClose(efficientnet(x, params, config)[3]!, plain[3]!, 0);
  expectClose(trained[1]!, plain[1]!, 0); // with depth 0.5, stages 2 and 3 have no repeated block
  expect(() => expectClose(trained[2]!, plain[2]!, 1e-3)).toThrow();
});

test.each([
  [-1, [true, true, true, true, true]],
  [0, [false, true, true, true, true]],
  [2, [false, false, false, true, true]],
  [4, [false, false, false, false, false]],
])('frozenStages %d leaves out parameters and keeps statistics', (frozenStages, trains) => {
  const config = { ...small, frozenStages, dropPath: 0 };
  const first = [
    '_conv_stem.weight',
    ...['_blocks.0', '_blocks.2', '_blocks.3', '_blocks.7'].map((b) => `${b}._bn1.weight`),
  ];
  expect(first.map(efficientnetTrains(config))).toEqual(trains);
  const params = initParams(efficientnetSpec(config), createRng(1));
  const training = createTraining(createRng(0));
  tf.dispose([...efficientnet(randomImage(32, 32, 2), params, config, training)]);
  const norms = [params._bn0, ...[0, 2, 3, 7].map((i) => params._blocks[i]!._bn1)];
  expect(norms.map(({ running_mean }) => training.statistics.has(running_mean))).toEqual(trains);
  discardStatistics(training);
});

test('normEval keeps every running statistic', () => {
  const config = { ...small, normEval: true };
  const params = initParams(efficientnetSpec(config), createRng(1));
  const training = createTraining(createRng(0));
  tf.dispose([...efficientnet(randomImage(32, 32), params, config, training)]);
  expect(training.statistics.size).toBe(0);
  expect(withStatistics(params, training)._bn0.running_mean).toBe(params._bn0.running_mean);
});

test('refuses channels-first images and channels that are not those of the stages', () => {
  const params = initParams(efficientnetSpec(small), createRng(1));
  expect(() => efficientnet(tf.zeros([1, 3, 32, 32]), params, small)).toThrow(/efficientnet: expected \[B, H, W, 3\]/);
  expect(() => efficientnetSpec({ ...small, channels: [8, 8, 8, 8] })).toThrow(/expected channels \[8, 8, 24, 64\]/);
});

test('the README runs', async () => expect(await runReadme(import.meta.url)).toBeGreaterThan(0));
