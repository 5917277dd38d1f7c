import { expectClose, readGolden } from '@gss/testing';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamW, noDecayRules, type Optimizer, polySchedule, ruleFor, sgd, trainStep } from '../index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const golden = readGolden('optim');
const names = ['w', 'b', 's'];
const cases: Record<string, { make: () => Optimizer; lr: (step: number) => number }> = {
  adamw: { make: () => adamW(), lr: () => 1e-2 },
  adamw_schedule: { make: () => adamW(), lr: (step) => golden.manifest.adamw_schedule_lr[step] },
  adamw_wd0: { make: () => adamW({ weightDecay: 0 }), lr: () => 3e-3 },
  adam: { make: () => adamW({ betas: [0.5, 0.9], weightDecay: 0 }), lr: () => 1e-2 },
  sgd: { make: () => sgd(), lr: () => 1e-2 },
  sgd_momentum: { make: () => sgd({ momentum: 0.9, weightDecay: 5e-4 }), lr: () => 1e-2 },
  sgd_nesterov: { make: () => sgd({ momentum: 0.9, nesterov: true }), lr: () => 1e-2 },
};
const variables = () => new Map(names.map((name) => [name, tf.variable(golden.tensor(`input.init.${name}`))]));
const gradients = (step: number) => new Map(names.map((name) => [name, golden.tensor(`input.grad${step}.${name}`)]));

describe.each(Object.entries(cases))('%s', (name, { make, lr }) => {
  // The fixture's tensors of steps 0 … 4 all hold the values after step 5 (they were saved as views of one parameter).
  test('equals torch.optim after six steps', () => {
    const optimizer = make();
    const values = variables();
    for (let step = 0; step < 6; step++) optimizer.apply(values, gradients(step), lr(step));
    for (const [key, value] of values) expectClose(value, golden.tensor(`output.${name}.step5.${key}`), 1e-6, 1e-5);
  });

  test('goes on bit for bit from its saved state', () => {
    const straight = make();
    const a = variables();
    for (let step = 0; step < 6; step++) straight.apply(a, gradients(step), lr(step));
    const first = make();
    const b = variables();
    for (let step = 0; step < 3; step++) first.apply(b, gradients(step), lr(step));
    const second = make();
    second.restore(first.state(), first.steps);
    for (let step = 3; step < 6; step++) second.apply(b, gradients(step), lr(step));
    for (const key of names) expect(b.get(key)!.dataSync()).toEqual(a.get(key)!.dataSync());
  });

  test('keeps no tensor but its state', () => {
    const optimizer = make();
    const values = variables();
    const grads = gradients(0);
    optimizer.apply(values, grads, 0.1);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) optimizer.apply(values, grads, 0.1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test.each(Object.entries(golden.manifest.learning_rates as Record<string, [number, number][]>))(
  'schedule %s',
  (name, points) => {
    const schedules: Record<string, Parameters<typeof polySchedule>[0]> = {
      'ade20k/mseg 1.2e-4, 160k': { base: 1.2e-4, total: 160000, warmup: { iterations: 1500 } },
      'cityscapes 1.5e-3, 80k': { base: 1.5e-3, total: 80000, warmup: { iterations: 1500 } },
      'ft-w 7.5e-4, 40k': { base: 7.5e-4, total: 40000, warmup: { iterations: 1500 } },
      'constant warmup': { base: 0.01, total: 100, warmup: { kind: 'constant', iterations: 10, ratio: 0.1 } },
      'exp warmup': { base: 0.01, total: 100, warmup: { kind: 'exp', iterations: 10, ratio: 0.1 } },
      'no warmup, power 0.9, min 1e-4': { base: 0.01, total: 1000, power: 0.9, min: 1e-4 },
    };
    const options = schedules[name];
    if (!options) throw new Error(`the golden data has a schedule "${name}" that this test does not know`);
    const schedule = polySchedule(options);
    for (const [iteration, rate] of points) expect(Math.abs(schedule(iteration) / rate - 1)).toBeLessThan(1e-9);
  },
);

test('decay rules pick the parameters that the reference spares', () => {
  const groups = golden.manifest.paramwise.groups as Record<
    string,
    Record<string, { weight_decay: number; requires_grad: boolean }>
  >;
  let seen = 0;
  for (const parameters of Object.values(groups)) {
    for (const [name, { weight_decay, requires_grad }] of Object.entries(parameters)) {
      if (!requires_grad) continue; // frozen parameters are in no group here
      expect([name, 0.01 * ruleFor(name, noDecayRules).decayMult]).toEqual([name, weight_decay]);
      seen++;
    }
  }
  expect(seen).toBeGreaterThan(50);
});

test('a step with a loss that is not finite changes nothing and says so', async () => {
  const w = tf.variable(tf.tensor1d([1, 2]));
  const loss = () => ({ loss: tf.sum(tf.mul(w, Number.NaN)) as tf.Scalar });
  const result = await trainStep({ loss, variables: new Map([['w', w]]), optimizer: sgd(), learningRate: 1 });
  expect(result.loss).toBeNaN();
  expect([...w.dataSync()]).toEqual([1, 2]);
});

test('clipping scales the joint norm to the bound', async () => {
  const w = tf.variable(tf.tensor1d([0, 0]));
  const loss = () => ({ loss: tf.sum(tf.mul(w, tf.tensor1d([3, 4]))) as tf.Scalar, logs: { twice: tf.scalar(2) } });
  const before = tf.memory().numTensors;
  const result = await trainStep({
    loss,
    variables: new Map([['w', w]]),
    optimizer: sgd(),
    learningRate: 1,
    clipNorm: 1,
  });
  expect(result.gradNorm).toBeCloseTo(5, 5);
  expect(result.logs).toEqual({ twice: 2 });
  expectClose(w, [-0.6, -0.8], 1e-5);
  expect(tf.memory().numTensors - before).toBe(1 + 1); // the optimiser's two scalars of multipliers
});
