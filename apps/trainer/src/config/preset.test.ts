import { preset, presetNames } from '@gss/segmenter/presets';
import { expect, test } from 'vitest';
import { priorModel } from '../stages/prior-model.js';
import { loadConfig } from './load.js';

test.each(presetNames())('gss train --config %s trains the network and the schedule of the preset', (name) => {
  const row = preset(name);
  const { model, prior } = row.inverse ? preset(row.inverse.from) : row;
  const config = loadConfig(name);
  const tokenizer = { ...model, format: 'gss-tokenizer' } as const;
  const made = priorModel(name, config.prior, tokenizer, model.prior.vocabulary);
  expect(made.backbone).toEqual(model.backbone);
  expect(made.prior).toEqual(model.prior);
  expect(made.inference).toEqual(model.inference.scale ? model.inference : { ...model.inference, scale: prior.scale });
  const { pretrained: _, ...schedule } = prior;
  expect(config.prior).toMatchObject(schedule);
  expect(config.posterior?.inverse.depth).toBe(row.model.ftw?.depth);
  expect(config.posterior?.steps).toBe(row.inverse?.steps);
});

test('overrides hold for a preset too, and what is neither file nor preset is refused', () => {
  expect(loadConfig('paper-ft-w-swin-l-ade20k', ['prior.steps=10', 'prior.batchSize=2']).prior).toMatchObject({
    steps: 10,
    batchSize: 2,
    lr: 1.2e-4,
  });
  expect(() => loadConfig('paper-ff-swin-l-ade')).toThrow(/cannot be read.*a preset of gss model/);
});
