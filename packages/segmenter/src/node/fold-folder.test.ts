import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { efficientnetLite } from '@gss/efficientnet';
import { type BackboneConfig, backboneChannels, createSegmenter, type GssModelConfig, modelSpec } from '@gss/segmenter';
import { loadModelFolder, loadSegmenterFolder, saveModelFolder } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'gss-fold-'));
beforeAll(() => tf.setBackend('wasm'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const { model: nano } = preset('nano', { classes: 3 });
const backbone: BackboneConfig = { type: 'efficientnet', config: efficientnetLite({ width: 0.25, depth: 0.3 }) };
const config: GssModelConfig = { ...nano, backbone, prior: { ...nano.prior, features: backboneChannels(backbone) } };
const weightsOf = (folder: string) => readFileSync(join(folder, 'model.safetensors'));
const image = { data: new Uint8Array(32 * 32 * 3).fill(90), width: 32, height: 32 };

test('parameters that a segmenter ran on are saved as they were loaded; those that it runs on are refused', async () => {
  const [from, to, wrong] = ['from', 'to', 'wrong'].map((name) => join(dir, name)) as [string, string, string];
  const fresh = initParams(modelSpec(config), createRng(2));
  await saveModelFolder(from, config, fresh);
  tf.dispose(fresh as unknown as tf.TensorContainer);
  const { params } = await loadModelFolder(from);
  const segmenter = createSegmenter(config, params);
  (await segmenter.predict(image)).dispose();
  await saveModelFolder(to, config, params);
  expect(weightsOf(to).equals(weightsOf(from))).toBe(true);
  await expect(saveModelFolder(wrong, config, segmenter.runtime.params)).rejects.toThrow(
    /^save \(their norms are folded for inference; take the parameters that foldNorms was given\)/,
  );
  expect(existsSync(join(wrong, 'config.json'))).toBe(false);
  segmenter.dispose();
});

test('a folder opened and let go leaves nothing, and says the same labels twice', async () => {
  const open = async () => {
    const segmenter = await loadSegmenterFolder(join(dir, 'from'));
    const prediction = await segmenter.predict(image);
    const { data } = await prediction.labels();
    prediction.dispose();
    segmenter.dispose();
    return data;
  };
  const first = await open();
  const { numTensors, numDataBuffers } = tf.memory();
  expect(await open()).toEqual(first);
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
});
