import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { renderStreetScene, syntheticStreetsClasses } from '@gss/datasets';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import { shippedModels } from './model-shipped.js';

const models = [...shippedModels()];
beforeAll(async () => {
  await tf.setBackend('wasm');
});

test('the models that predict and the demo take by default are there', () =>
  expect(models.map(([name]) => name)).toContain('camvid'));

describe.each(models)('weights/%s', (_, folder) => {
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');

  test('is small, and says its data and terms, recipe, figures and limits', () => {
    expect(statSync(join(folder, 'model.safetensors')).size).toBeLessThanOrEqual(8_000_000);
    for (const part of ['Data', 'Recipe', 'Figures', 'Limits']) expect(text('README.md')).toContain(`**${part}`);
  });

  test('is what its manifest says', () => {
    const { files } = JSON.parse(text('manifest.json')) as { files: Record<string, { size: number; sha256: string }> };
    for (const [name, { size, sha256 }] of Object.entries(files)) {
      const bytes = readFileSync(join(folder, name));
      expect([name, bytes.length]).toEqual([name, size]);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
    expect(Object.keys(files).sort()).toEqual(['config.json', 'model.safetensors']);
  });

  test('knows road and sky where they are', async () => {
    const segmenter = await loadSegmenterFolder(folder);
    const { image, labels: truth } = renderStreetScene({ seed: 5, index: 1, width: 192, height: 128, variety: 'calm' });
    const prediction = await segmenter.predict(image);
    const { data } = await prediction.labels();
    prediction.dispose();
    const names = segmenter.config.classes.map(({ name }) => name);
    segmenter.dispose();
    for (const name of ['road', 'sky']) {
      const [id, own] = [syntheticStreetsClasses.findIndex((c) => c.name === name), names.indexOf(name)];
      let [seen, right] = [0, 0];
      truth.data.forEach((label, i) => {
        if (label !== id) return;
        seen++;
        if (data[i] === own) right++;
      });
      expect([name, right / seen > 0.7]).toEqual([name, true]);
    }
  });
});
