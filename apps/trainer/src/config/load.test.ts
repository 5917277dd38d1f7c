import { expect, test } from 'vitest';
import { applyOverrides, loadConfig, parseConfig } from './load.js';

const minimal = {
  name: 'test',
  tokenizer: { variant: 'nano', steps: 10, batchSize: 2, crop: [64, 64], lr: 0.001 },
  prior: { backbone: 'nano', steps: 10, batchSize: 2, crop: [64, 64], lr: 0.001 },
};

test('fills defaults', () => {
  const config = parseConfig(minimal, 'x.json');
  expect(config.seed).toBe(0);
  expect(config.prior.lossWeights).toEqual([0.8, 0.2]);
});

test('an unknown key is an error with a suggestion, at any depth', () => {
  const value = { ...minimal, prior: { ...minimal.prior, batchsize: 4 } };
  expect(() => parseConfig(value, 'x.json')).toThrow(
    'x.json: the config is not valid.\n  unknown key prior.batchsize — did you mean prior.batchSize?',
  );
  expect(() => parseConfig({ ...minimal, sead: 1 }, 'x.json')).toThrow(/unknown key sead — did you mean seed\?/);
});

test('a tokenizer without a family is the compact one; every family has its own keys', () => {
  expect(parseConfig(minimal, 'x').tokenizer).toMatchObject({ family: 'compact', variant: 'nano', restartEvery: 50 });
  const of = (tokenizer: object) => () =>
    parseConfig({ ...minimal, tokenizer: { ...minimal.tokenizer, ...tokenizer } }, 'x');
  expect(of({ family: 'dvae' })().tokenizer).toMatchObject({ family: 'dvae', input: 'maskige', klWeight: 6.6 });
  expect(of({ family: 'uvim' })().tokenizer).toMatchObject({ family: 'uvim', input: 'one-hot', commitment: 0 });
  expect(of({ family: 'vqgan', discriminator: { start: 5 } })().tokenizer).toMatchObject({
    discriminator: { start: 5, weight: 0.8, layers: 3 },
  });
  expect(of({ family: 'dvae', classWeight: 1 })).toThrow('unknown key tokenizer.classWeight');
  expect(of({ family: 'dvae', klWeigth: 1 })).toThrow(
    'unknown key tokenizer.klWeigth — did you mean tokenizer.klWeight?',
  );
  expect(of({ family: 'vqgan', discriminator: { star: 5 } })).toThrow(
    'unknown key tokenizer.discriminator.star — did you mean tokenizer.discriminator.start?',
  );
  expect(of({ family: 'vqgun' })).toThrow(
    'tokenizer.family: expected one of compact, dvae, vqgan, uvim, got vqgun — did you mean vqgan?',
  );
  expect(of({ family: 'dvae', variant: 'huge', temperature: 0 })).toThrow(
    /tokenizer\.variant: [\s\S]*tokenizer\.temperature: /,
  );
});

test('lists every problem at once', () => {
  const value = { ...minimal, seed: -1, prior: { ...minimal.prior, steps: 1.5 } };
  expect(() => parseConfig(value, 'x.json')).toThrow(/seed: [\s\S]*prior\.steps: /);
});

test('--set reaches into the tree and takes JSON or text', () => {
  const value = applyOverrides(minimal, ['prior.steps=25', 'name=other', 'tokenizer.crop=[32,64]']);
  expect(parseConfig(value, 'x')).toMatchObject({ name: 'other', prior: { steps: 25 }, tokenizer: { crop: [32, 64] } });
  expect(() => applyOverrides(minimal, ['prior'])).toThrow(/KEY\.KEY=VALUE/);
  expect(() => applyOverrides(minimal, ['name.x=1'])).toThrow(/name is no object/);
});

test('a file that is not there or no JSON is named', () => {
  expect(() => loadConfig('/nowhere/x.json')).toThrow(/^\/nowhere\/x\.json: the config cannot be read/);
});

test('what may be of several kinds says which, and what it got', () => {
  const of = (prior: object) => () => parseConfig({ ...minimal, prior: { ...minimal.prior, ...prior } }, 'x');
  expect(of({ photometric: 3 })).toThrow('prior.photometric: expected one of boolean, object, got 3');
  expect(of({ photometric: { brightnesDelta: 3 } })).toThrow(
    'unknown key prior.photometric.brightnesDelta — did you mean prior.photometric.brightnessDelta?',
  );
  expect(of({ photometric: { contrastRange: [1.5, 0.5] } })).toThrow(
    'prior.photometric.contrastRange: the smaller first',
  );
  expect(of({ classWeights: 'medain' })).toThrow(
    'prior.classWeights: expected one of none, median, root-median, array, got "medain"',
  );
  expect(of({ fusionSize: 2 })).toThrow('prior.fusionSize: expected one of 1, 3, got 2');
});
