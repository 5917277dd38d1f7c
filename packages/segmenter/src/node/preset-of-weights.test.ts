import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelSpec, openSegmenter } from '@gss/segmenter';
import { loadSegmenterFolder, saveModelFolder } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import {
  createRng,
  disposeTree,
  initParams,
  leavesOf,
  type StoredTensor,
  stateDict,
  storedShape,
  type Tree,
  WeightsError,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presetsOfWeights } from './preset-of-weights.js';

const folder = mkdtempSync(join(tmpdir(), 'gss-origin-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => tf.setBackend('cpu'));

test('weights of another preset are named with those that were expected', async () => {
  const theirs = preset('nano-lite0', { classes: 4 }).model;
  const ours = preset('nano', { classes: 4 }).model;
  const params = initParams(modelSpec(theirs), createRng(0));
  await saveModelFolder(folder, theirs, params);
  const weights = await stateDict(modelSpec(theirs), params as Tree<tf.Tensor>);
  disposeTree(params as Tree<tf.Tensor>);
  (await loadSegmenterFolder(folder)).dispose();
  const before = tf.memory().numTensors;

  writeFileSync(join(folder, 'config.json'), JSON.stringify(ours));
  const failed = loadSegmenterFolder(folder);
  await expect(failed).rejects.toBeInstanceOf(WeightsError);
  await expect(failed).rejects.toThrow(
    'holds weights of backbone efficientnet-lite0, 1024 codes (preset nano-lite0), but config.json says nano: backbone swin-nano, 1024 codes. Take the config.json that lay beside them.',
  );
  await expect(failed).rejects.toThrow(/parameters do not fit\.\n {2}missing/);
  // Without the presets, which are not part of what browsers load, the architecture is named.
  expect(() => openSegmenter(JSON.stringify(ours), weights)).toThrow(
    /weights of backbone efficientnet-lite0, 1024 codes, but config\.json says nano/,
  );
  expect(tf.memory().numTensors).toBe(before);
});

test('a parameter that is missing or misshapen is no other preset', async () => {
  const { model } = preset('nano', { classes: 4 });
  const params = initParams(modelSpec(model), createRng(0));
  const weights = await stateDict(modelSpec(model), params as Tree<tf.Tensor>);
  disposeTree(params as Tree<tf.Tensor>);
  const name = [...weights.keys()].find((key) => key.startsWith('tokenizer.'))!;
  weights.delete(name);
  expect(() => openSegmenter(JSON.stringify(model), weights)).toThrow(
    /^model\/model\.safetensors: \d+ of \d+ parameters/,
  );
});

test('rows of the paper are told apart as far as their networks differ', () => {
  const shapes = (name: string): ReadonlyMap<string, Pick<StoredTensor, 'shape'>> =>
    new Map(
      leavesOf(modelSpec(preset(name, { classes: 19 }).model)).map(({ name, leaf }) => [
        name,
        { shape: storedShape(leaf) },
      ]),
    );
  expect(presetsOfWeights(shapes('tiny'))).toEqual(['tiny']);
  expect(presetsOfWeights(shapes('paper-ff-hrnet-w48-mseg'))).toContain('paper-ff-hrnet-w48-mseg');
  expect(presetsOfWeights(shapes('paper-ff-swin-l-ade20k'))).not.toContain('paper-ff-r101-cityscapes');
});
