import { disposeTree, namedTensors, type Tree } from '@gss/tensor';
import { expectClose } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createEma } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const tree = (a: number, mean: number, count = 0) => ({
  w: tf.tensor1d([a, 2 * a]),
  frozen: tf.scalar(a),
  bn: { running_mean: tf.tensor1d([mean]), count: tf.scalar(count, 'int32') },
});
const covers = (name: string) => name !== 'frozen';

describe('createEma', () => {
  test('averages with a decay that ramps up as (1 + t) / (10 + t)', () => {
    const ema = createEma({ decay: 0.9 }, covers);
    ema.begin(tree(0, 0));
    let expected = 0;
    for (let t = 0; t < 100; t++) {
      ema.update(tree(t + 1, 0));
      const decay = Math.min(0.9, (1 + t) / (10 + t));
      expected = decay * expected + (1 - decay) * (t + 1);
    }
    expect(ema.steps).toBe(100);
    expectClose(ema.tree(tree(5, 0)).w, [expected, 2 * expected], 1e-3);
    ema.dispose();
  });

  test('covers running statistics, leaves counts and frozen leaves as they are', () => {
    const ema = createEma({ decay: 0.5, warmup: false }, covers);
    ema.begin(tree(0, 0));
    ema.update(tree(4, 8, 3));
    const now = ema.tree(tree(4, 8, 3));
    expect([...namedTensors(now).values()].map((t) => [...t.dataSync()])).toEqual([[2, 4], [4], [4], [3]]);
    expect(now.bn.count.dtype).toBe('int32');
  });

  test('what does not move stays bit for bit', () => {
    const ema = createEma({ decay: 0.999 });
    const still = { w: tf.tensor1d([0.1, 1 / 3, 1e-7]) };
    ema.begin(still);
    for (let t = 0; t < 20; t++) ema.update(still);
    expect([...ema.tree(still).w.dataSync()]).toEqual([...still.w.dataSync()]);
  });

  test('goes on exactly from a saved state', () => {
    const run = (from: number, to: number, ema = createEma({ decay: 0.8 })) => {
      ema.begin(tree(from, from));
      for (let t = from; t < to; t++) tf.tidy(() => ema.update(tree(t / 3, t / 7)));
      return ema;
    };
    const whole = run(0, 20);
    const half = run(0, 9);
    const rest = createEma({ decay: 0.8 });
    rest.restore(half.state(), half.steps);
    run(9, 20, rest);
    const of = (ema: typeof rest) => [...ema.state()].map(([name, tensor]) => [name, ...tensor.dataSync()]);
    expect(of(rest)).toEqual(of(whole));
    const other = createEma({ decay: 0.8 });
    other.restore(new Map([['w', tf.tensor1d([1, 2])]]), 3);
    expect(() => other.begin(tree(0, 0))).toThrow('lacks frozen, bn.running_mean');
  });

  test('refuses a decay that is none', () => {
    expect(() => createEma({ decay: 1 })).toThrow('decay 1 is not in [0, 1)');
  });

  test('leaks no tensor', () => {
    const start = tree(1, 1);
    const before = tf.memory().numTensors;
    const ema = createEma({ decay: 0.9 }, covers);
    ema.begin(start);
    for (let t = 0; t < 5; t++) ema.update(start);
    expect(tf.memory().numTensors).toBe(before + 1);
    disposeTree(ema.tree(start) as Tree<tf.Tensor>);
    ema.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
