import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSegmenter, modelSpec } from '@gss/segmenter';
import { predictFiles, readImage } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'gss-files-'));
const { model } = preset('nano', { classes: 3 });
let segmenter: ReturnType<typeof createSegmenter>;
/** A PNG of 2 × 1 pixels: red and blue. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR42mP4zwAE/wEHAAH/PX2MSQAAAABJRU5ErkJggg==',
  'base64',
);
const files = ['a.png', 'b.png', 'c.png'].map((name) => join(folder, name));
beforeAll(async () => {
  for (const file of files) writeFileSync(file, png);
  registerWasmKernels();
  await tf.setBackend('wasm');
  segmenter = createSegmenter(model, initParams(modelSpec(model), createRng(1)));
});
afterAll(() => {
  segmenter.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('a picture file becomes pixels; what is none is named', async () => {
  expect(await readImage(files[0]!)).toEqual({ data: Uint8Array.of(255, 0, 0, 0, 0, 255), width: 2, height: 1 });
  await expect(readImage(join(folder, 'absent.png'))).rejects.toThrow(/absent\.png/);
  writeFileSync(join(folder, 'text.png'), 'no picture');
  await expect(readImage(join(folder, 'text.png'))).rejects.toThrow(/text\.png: expected a JPEG, PNG or WebP picture/);
});

test('files come in their order, and whoever stops early leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  const seen: string[] = [];
  for await (const { file, prediction } of predictFiles(segmenter, files, { batchSize: 2 })) {
    seen.push(file);
    expect((await prediction.labels()).data.length).toBe(2);
    prediction.dispose();
  }
  expect(seen).toEqual(files);
  for await (const { prediction } of predictFiles(segmenter, files, { batchSize: 3 })) {
    prediction.dispose();
    break;
  }
  expect(tf.memory().numTensors).toBe(before);
});
