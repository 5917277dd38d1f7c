import {
  createRng,
  createTraining,
  discardStatistics,
  initParams,
  leavesOf,
  loadParams,
  mapTree,
  stateDict,
  type Tree,
} from '@gss/tensor';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  colourise,
  convInverse,
  convInverseSpec,
  ftw,
  ftwPaper,
  ftwProjection,
  ftwSpec,
  hardGumbelSoftmax,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const image = (seed: number, shape: [number, number, number, number] = [1, 5, 6, 3]) =>
  tf.randomUniform(shape, 0, 1, 'float32', seed) as tf.Tensor4D;

describe.each([
  ['convInverse', convInverseSpec({ channels: 4, classes: 5 })] as const,
  ['ftw', ftwSpec({ channels: 8, depth: 2, heads: 2, window: 3, hidden: 16, classes: 5 })] as const,
])('%s', (who, spec) => {
  const config = { channels: 8, depth: 2, heads: 2, window: 3, hidden: 16, classes: 5 };
  const run = (x: tf.Tensor, params: unknown, training?: Parameters<typeof convInverse>[2]) =>
    who === 'ftw'
      ? ftw(x as tf.Tensor4D, params as Parameters<typeof ftw>[1], config, training)
      : convInverse(x as tf.Tensor4D, params as Parameters<typeof convInverse>[1], training);

  test('gives K logits a pixel and leaks nothing', () => {
    const params = initParams(spec, createRng(1));
    const x = image(1);
    expect(run(x, params).shape).toEqual([1, 5, 6, 5]);
    expectNoLeak(() => run(x, params));
  });

  test('has a true gradient', () => {
    const drawn = initParams(spec, createRng(2)) as Tree<tf.Tensor>;
    // Biases that keep every ReLU open: a finite difference across its kink would say nothing.
    const params = mapTree(drawn, (tensor, name) => (name.endsWith('bn.bias') ? tf.fill(tensor.shape, 9) : tensor));
    expectGradient((x) => run(x, params), image(2));
  });

  test('takes and gives back the weights of a checkpoint', async () => {
    const params = initParams(spec, createRng(3));
    const again = loadParams(who, spec, await stateDict(spec, params));
    expectClose(run(image(3), again), run(image(3), params), 0);
  });

  test('in training it hands the new running statistics over', () => {
    const params = initParams(spec, createRng(4));
    const x = image(4);
    const training = createTraining(createRng(0));
    run(x, params, training).dispose();
    expect(training.statistics.size).toBeGreaterThan(0);
    discardStatistics(training);
  });

  test('refuses another layout', () => {
    const params = initParams(spec, createRng(5));
    expect(() => run(tf.zeros([1, 3, 5, 6]), params)).toThrow(/expected \[B, H, W, 3\], got \[1, 3, 5, 6\]/);
  });
});

test("the names are the reference's", () => {
  const names = (spec: Parameters<typeof leavesOf>[0]) => leavesOf(spec).map(({ name }) => name);
  expect(names(convInverseSpec({ channels: 4, classes: 2 }))).toEqual(
    expect.arrayContaining(['0.conv.weight', '0.bn.running_var', '1.conv.weight', '2.conv.weight', '2.conv.bias']),
  );
  expect(names(ftwSpec(ftwPaper(19)))).toEqual(
    expect.arrayContaining([
      'projection.conv.weight',
      'post_transformer_block.blocks.0.attn.w_msa.qkv.weight',
      'post_swin_ln.bias',
      'cls_segmap.conv.bias',
    ]),
  );
});

test('the projection sees each pixel alone', () => {
  const config = ftwPaper(3);
  const params = initParams(ftwSpec(config), createRng(6));
  const x = image(6, [1, 2, 2, 3]);
  const whole = ftwProjection(x, params);
  const corner = ftwProjection(tf.slice(x, [0, 1, 1, 0], [1, 1, 1, 3]), params);
  expectClose(tf.slice(whole, [0, 1, 1, 0], [1, 1, 1, 128]), corner, 1e-6);
});

describe('hardGumbelSoftmax', () => {
  const uniform = (shape: number[], seed: number) => tf.randomUniform(shape, 0.05, 0.95, 'float32', seed);

  test('is one-hot at the arg max of the noisy logits, whatever the noise', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 0, max: 1e6 }), (K, seed) => {
        const logits = tf.randomNormal([4, K], 0, 3, 'float32', seed + 1);
        const noise = uniform([4, K], seed + 2);
        const hard = hardGumbelSoftmax(logits, { noise }).arraySync() as number[][];
        const u = noise.arraySync() as number[][];
        const l = logits.arraySync() as number[][];
        for (const [i, row] of hard.entries()) {
          const noisy = l[i]!.map((v, k) => v - Math.log(-Math.log(u[i]![k]!)));
          const best = noisy.indexOf(Math.max(...noisy));
          expect(row).toEqual(noisy.map((_, k) => (k === best ? 1 : 0)));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('has the gradient of the softmax at its temperature', () => {
    const logits = tf.tensor2d([[0.3, -0.2, 0.5]]);
    const noise = uniform([1, 3], 3);
    const cotangent = tf.tensor2d([[1, -2, 0.5]]);
    const gumbel = tf.neg(tf.log(tf.neg(tf.log(noise))));
    const grad = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((x) => tf.sum(tf.mul(f(x), cotangent)))(logits);
    expectClose(
      grad((x) => hardGumbelSoftmax(x, { temperature: 0.5, noise })),
      grad((x) => tf.softmax(tf.div(tf.add(x, gumbel), 0.5))),
      1e-6,
    );
  });

  test('draws the classes as often as their probabilities say, the same for the same seed', () => {
    const logits = tf.tile(tf.tensor2d([[Math.log(0.7), Math.log(0.3)]]), [4000, 1]) as tf.Tensor2D;
    const sample = () => hardGumbelSoftmax(logits, { noise: createRng(7) });
    const share = tf.mean(tf.slice(sample(), [0, 0], [4000, 1])).dataSync()[0]!;
    expect(Math.abs(share - 0.7)).toBeLessThan(0.03);
    expectClose(sample(), sample(), 0);
  });

  test('noise of exactly 0 or 1 stays finite', () => {
    const noise = tf.tensor2d([[0, 1]]);
    expect([...hardGumbelSoftmax(tf.zeros([1, 2]), { noise }).dataSync()]).toEqual([0, 1]);
  });

  test('refuses noise of another shape and a temperature of 0', () => {
    const logits = tf.zeros([2, 3]);
    expect(() => hardGumbelSoftmax(logits, { noise: tf.zeros([2, 2]) })).toThrow(
      /expected noise \[2, 3\], got \[2, 2\]/,
    );
    expect(() => hardGumbelSoftmax(logits, { noise: createRng(0), temperature: 0 })).toThrow(/temperature above 0/);
  });
});

describe('colourise', () => {
  const beta = tf.tensor2d([
    [1, 0, 0],
    [0, 0.5, 1],
  ]);

  test('gives each class its colour and mixtures their mean', () => {
    const classes = tf.tensor3d([
      [
        [1, 0],
        [0, 1],
        [0.5, 0.5],
      ],
    ]);
    const colours = colourise(classes, beta);
    expect(colours.shape).toEqual([1, 3, 3]);
    expectClose(colours, [1, 0, 0, 0, 0.5, 1, 0.5, 0.25, 0.5], 1e-6);
  });

  test('has a true gradient in the palette', () => {
    const classes = tf.tensor2d([
      [1, 0],
      [0.2, 0.8],
    ]);
    expectGradient((b) => colourise(classes, b as tf.Tensor2D), beta);
    expectNoLeak(() => colourise(classes, beta));
  });

  test('refuses another number of classes', () => {
    expect(() => colourise(tf.zeros([2, 3]), beta)).toThrow(/expected classes \[\.\.\., 2\], got \[2, 3\]/);
  });
});
