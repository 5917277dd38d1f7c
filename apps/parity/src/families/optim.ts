import type { Golden } from '@gss/testing';
import { adamW, noDecayRules, type Optimizer, type PolyOptions, polySchedule, ruleFor, sgd } from '@gss/train';
import * as tf from '@tensorflow/tfjs-core';
import { check, expectedValues } from '../compare.js';
import type { Check, Family } from '../family.js';

/** The numbers that follow a word in a line such as "lr 1e-2 betas .9 .999 eps 1e-8 wd .01". */
function numbersAfter(line: string, word: string): number[] {
  const found = new RegExp(`\\b${word}((?:\\s+[\\d.]+(?:e-?\\d+)?)+)`).exec(line)?.[1];
  return found ? found.trim().split(/\s+/).map(Number) : [];
}

interface Run {
  readonly optimizer: Optimizer;
  readonly rate: (step: number) => number;
}

/** The optimiser that `hyper[name]` describes; a line that refers to another one ("adamw with …") inherits its numbers. */
function runOf(golden: Golden, name: string): Run {
  const hyper = golden.manifest.hyper as Record<string, string>;
  const rates = golden.manifest[`${name}_lr`] as number[] | undefined;
  const line = [hyper[name] ?? '', hyper[hyper[name]?.split(' ')[0] ?? ''] ?? ''].join(' ');
  const [lr] = numbersAfter(line, 'lr');
  if (lr === undefined && !rates) throw new Error(`${golden.name}: hyper.${name} ("${line}") names no learning rate`);
  const rate = (step: number) => rates?.[step] ?? lr!;
  const [weightDecay] = numbersAfter(line, 'wd');
  if (name.startsWith('sgd')) {
    const [momentum = 0] = numbersAfter(line, 'momentum');
    return { rate, optimizer: sgd({ momentum, nesterov: line.includes('nesterov'), weightDecay: weightDecay ?? 0 }) };
  }
  const [b1 = 0.9, b2 = 0.999] = numbersAfter(line, 'betas');
  const [eps = 1e-8] = numbersAfter(line, 'eps');
  const decay = weightDecay ?? (name.startsWith('adamw') ? 0.01 : 0);
  return { rate, optimizer: adamW({ betas: [b1, b2], eps, weightDecay: decay }) };
}

const same = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).every((value, i) => value === b[i]);

function stepChecks(golden: Golden, name: string): Check[] {
  const keys = [...golden.params('input.init.').keys()];
  const steps = new Set([...golden.params('input.grad').keys()].map((key) => Number.parseInt(key, 10))).size;
  const expected = (step: number, key: string) => `output.${name}.step${step}.${key}`;
  // A reference that saved views of its parameters holds the last step's values everywhere: then only that step counts.
  const aliased = (step: number) =>
    step < steps - 1 &&
    keys.every((key) =>
      same(expectedValues(golden, expected(step, key)), expectedValues(golden, expected(step + 1, key))),
    );
  const { optimizer, rate } = runOf(golden, name);
  const variables = new Map(keys.map((key) => [key, tf.variable(golden.tensor(`input.init.${key}`))]));
  const checks: Check[] = [];
  for (let step = 0; step < steps; step++) {
    const gradients = new Map(keys.map((key) => [key, golden.tensor(`input.grad${step}.${key}`)]));
    optimizer.apply(variables, gradients, rate(step));
    if (aliased(step)) continue;
    for (const [key, variable] of variables)
      checks.push(check(golden, expected(step, key), Float32Array.from(variable.dataSync())));
  }
  optimizer.dispose();
  return checks;
}

/** Schedules whose name does not hold their numbers. */
const named: Readonly<Record<string, PolyOptions>> = {
  'constant warmup': { base: 0.01, total: 100, warmup: { kind: 'constant', iterations: 10, ratio: 0.1 } },
  'exp warmup': { base: 0.01, total: 100, warmup: { kind: 'exp', iterations: 10, ratio: 0.1 } },
  'no warmup, power 0.9, min 1e-4': { base: 0.01, total: 1000, power: 0.9, min: 1e-4 },
};

/** "cityscapes 1.5e-3, 80k": base rate and iterations, with the reference configs' warm-up. */
function scheduleOf(name: string): PolyOptions | undefined {
  const [, base, thousands] = /([\d.]+e-\d+), (\d+)k$/.exec(name) ?? [];
  if (!base) return named[name];
  return { base: Number(base), total: Number(thousands) * 1000, warmup: { iterations: 1500 } };
}

const relativeTo = (expected: number, actual: number) => (expected === 0 ? 1 + actual : actual / expected);

function scheduleChecks(golden: Golden): Check[] {
  const schedules = golden.manifest.learning_rates as Record<string, readonly (readonly [number, number])[]>;
  return Object.entries(schedules).map(([name, points]) => {
    const options = scheduleOf(name);
    const schedule = options ? polySchedule(options) : () => Number.NaN;
    const actual = points.map(([iteration, rate]) => relativeTo(rate, schedule(iteration)));
    const note = options ? '' : 'its options cannot be read from its name';
    return {
      name: `learning_rates ${name} (relative)`,
      actual,
      expected: points.map(() => 1),
      atol: 1e-12,
      rtol: 0,
      note,
    };
  });
}

function groupChecks(golden: Golden): Check[] {
  const groups = golden.manifest.paramwise.groups as Record<
    string,
    Record<string, { readonly weight_decay: number; readonly requires_grad: boolean }>
  >;
  return Object.entries(groups).map(([group, parameters]) => {
    const trained = Object.entries(parameters).filter(([, { requires_grad }]) => requires_grad);
    const base = Math.max(...trained.map(([, { weight_decay }]) => weight_decay));
    const ours = trained.map(([name]) => base * ruleFor(name, noDecayRules).decayMult);
    const odd = trained.findIndex(([, { weight_decay }], i) => weight_decay !== ours[i]);
    return {
      name: `paramwise ${group} weight decay`,
      actual: ours,
      expected: trained.map(([, { weight_decay }]) => weight_decay),
      exact: true,
      note: `first at ${trained[odd]?.[0]}`,
    };
  });
}

export const family: Family = {
  prefix: 'optim',
  run(golden) {
    const outputs = [...golden.params('output.').keys()].map((key) => key.slice(0, key.indexOf('.')));
    return [
      ...[...new Set(outputs)].flatMap((name) => stepChecks(golden, name)),
      ...scheduleChecks(golden),
      ...groupChecks(golden),
    ];
  },
};
