import { expect, test } from 'vitest';
import { createOutput } from '../cli/output.js';
import { parseConfig } from '../config/load.js';
import { openTraining } from './open-training.js';

const streets = { kind: 'synthetic-streets', width: 64, height: 48, count: 6, split: '{split}' } as const;
const stage = { steps: 1, batchSize: 1, crop: [32, 32], lr: 1 };
const config = parseConfig(
  {
    name: 'test',
    data: { source: { ...streets, seed: 1 }, exclude: ['*0'] },
    tokenizer: { ...stage, variant: 'nano' },
    prior: { ...stage, backbone: 'nano', evaluate: { every: 1, holdout: { names: ['*1'] } } },
  },
  'test',
);
const context = { out: createOutput(true), signal: new AbortController().signal };
const namesOf = async (options: Parameters<typeof openTraining>[0]) => {
  const { dataset } = (await openTraining(options, config, context)).train;
  return Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
};

test('a training reads data.source of its config, without what data.exclude and the holdout name', async () => {
  const names = await namesOf({});
  expect(names).toHaveLength(4);
  expect(names.some((name) => /[01]$/.test(name))).toBe(false);
  expect(await namesOf({ include: ['*2', '*3'] })).toEqual(names.filter((name) => /[23]$/.test(name)));
  const { data } = await (await openTraining({}, config, context)).evaluation!();
  expect([data.dataset.length, data.dataset.name(0).endsWith('1')]).toEqual([1, true]);
});

test('what the command line names goes before it', async () => {
  const source = JSON.stringify({ ...streets, seed: 1, count: 3 });
  expect(await namesOf({ source })).toHaveLength(1);
});
