import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@gss/checkpoint/node';
import type { ClassInfo, Sample } from '@gss/datasets';
import type { GssTokenizerConfig, TokenizerConfig } from '@gss/segmenter';
import { tokenizerSpec } from '@gss/segmenter';
import { saveTokenizerFolder } from '@gss/segmenter/node';
import { createRng, initParams, stateDict } from '@gss/tensor';
import { compactVariants, dvaeSpec, dvaeVariants, uvimVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOutput } from '../cli/output.js';
import type { OpenedData } from '../data/sources.js';
import { writeWorst } from '../report/worst.js';
import { evaluateTokenizer } from './oracle.js';
import { openAnyTokenizer } from './tokenizers/open.js';

const dir = mkdtempSync(join(tmpdir(), 'gss-oracle-'));
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const classes: ClassInfo[] = [
  { name: 'sky', color: [70, 130, 180] },
  { name: 'road', color: [128, 64, 128] },
  { name: 'car', color: [0, 0, 142] },
];
const palette = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const;

/** Labels of 3 × 3 blocks in checks, which no 4 × 4 token follows, on `share` of the rows; the rest is one class. */
function sample(name: string, width: number, height: number, share: number): Sample {
  const label = (x: number, y: number) =>
    y < share * height ? (Math.floor(x / 3) + Math.floor(y / 3)) % 3 : y === height - 1 ? 255 : 1;
  const data = Uint8Array.from({ length: width * height }, (_, i) => label(i % width, Math.floor(i / width)));
  const image = { data: new Uint8Array(width * height * 3).fill(80), width, height };
  return { image, labels: { data, width, height }, name };
}
const samples = [
  sample('plain', 21, 18, 0),
  sample('half', 37, 26, 0.5),
  sample('checks', 16, 16, 0.9),
  { ...sample('unlabelled', 16, 16, 0), labels: { data: new Uint8Array(256).fill(255), width: 16, height: 16 } },
];
const data: OpenedData = {
  source: { kind: 'folder', root: dir, split: 'val' },
  dataset: {
    length: samples.length,
    classes,
    read: async (i) => samples[i]!,
    name: (i) => samples[i]!.name,
  },
  classes,
  size: { width: 37, height: 26 },
};
const context = { out: createOutput(true), signal: new AbortController().signal };

async function folderOf(name: string, tokenizer: TokenizerConfig): Promise<string> {
  const config: GssTokenizerConfig = {
    format: 'gss-tokenizer',
    version: 1,
    name,
    classes,
    palette,
    unlabelled: [0, 0, 0],
    tokenizer,
  };
  await saveTokenizerFolder(join(dir, name), config, initParams(tokenizerSpec(tokenizer), createRng(1)));
  return join(dir, name);
}

test('finds the worst images of any size, worst first, and draws them', async () => {
  const folder = await folderOf('compact', { type: 'compact', config: compactVariants.nano });
  const before = tf.memory().numTensors;
  const opened = await openAnyTokenizer(folder, classes);
  const { evaluation, worst } = await evaluateTokenizer(opened, data, context, { worst: 2 });
  expect(tf.memory().numTensors).toBe(before);
  expect(evaluation.images).toBe(4);
  expect(evaluation.perClass.map(({ name }) => name)).toEqual(['sky', 'road', 'car']);
  expect(worst).toHaveLength(2);
  expect(worst[0]!.mIoU).toBeLessThanOrEqual(worst[1]!.mIoU);
  const all = await evaluateTokenizer(await openAnyTokenizer(folder, classes), data, context, { worst: 9 });
  expect(all.worst.map(({ name }) => name).sort()).toEqual(['checks', 'half', 'plain']); // one has nothing to judge
  expect(all.worst.slice(0, 2).map(({ name }) => name)).toEqual(worst.map(({ name }) => name));
  expect(all.worst.map(({ mIoU }) => mIoU)).toEqual([...all.worst.map(({ mIoU }) => mIoU)].sort((a, b) => a - b));

  const pictures = join(dir, 'pictures');
  const files = await writeWorst(
    pictures,
    all.worst,
    classes.map(({ color }) => color),
  );
  expect(readdirSync(pictures).sort()).toEqual(files.map((file) => file.slice(pictures.length + 1)).sort());
  const half = all.worst.findIndex(({ name }) => name === 'half');
  const { data: pixels, info } = await sharp(files[half]!).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([4 * 37 + 3 * 4, 26]);
  const at = (x: number, y: number) => [...pixels.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  expect(at(0, 20)).toEqual([128, 64, 128]); // truth, in the drawing colour of the class
  expect(at(41, 20)).toEqual([0, 255, 0]); // maskige, in the palette's
  expect(at(3 * 41, 25)).toEqual([0, 0, 0]); // errors: the last row is unlabelled
  const { prediction, truth } = all.worst[half]!;
  for (let i = 0; i < 37 * 25; i++) {
    const red = at(3 * 41 + (i % 37), Math.floor(i / 37)).join() === '220,0,40';
    expect(red).toBe(prediction.data[i] !== truth.data[i]);
  }
});

test('masks that are enlarged first come back at their own size, and better', async () => {
  const at = async (scale: number) => {
    const opened = await openAnyTokenizer(join(dir, 'compact'), classes);
    return (await evaluateTokenizer(opened, data, context, { scale, worst: 1 })).evaluation.aAcc;
  };
  expect(await at(2)).toBeGreaterThan((await at(1)) + 3); // blocks of 6 × 6 fit tokens of 4 × 4 better than 3 × 3 do
});

test('a tokenizer that reads the photo gets it', async () => {
  const config = {
    ...uvimVariants.nano,
    classes: 3,
    width: 32,
    hidden: 32,
    inputSize: [16, 16],
    codeLength: 16,
  } as const;
  const folder = await folderOf('uvim', { type: 'uvim', input: 'one-hot', config });
  const { evaluation } = await evaluateTokenizer(await openAnyTokenizer(folder, classes), data, context);
  expect(evaluation.images).toBe(4);
});

test('bare dVAE weights are read with colours of their own; other files are refused', async () => {
  const config = { ...dvaeVariants.nano, hidden: 4, init: 8, blocksPerGroup: 2, vocabulary: 32 };
  const spec = dvaeSpec(config);
  const file = join(dir, 'dvae.safetensors');
  await writeSafetensors(file, await stateDict(spec, initParams(spec, createRng(1))));
  const opened = await openAnyTokenizer(file, classes);
  expect(opened.config.tokenizer).toEqual({ type: 'dvae', config });
  expect(opened.config.palette).toHaveLength(3);
  const { evaluation } = await evaluateTokenizer(opened, data, context);
  expect(evaluation.images).toBe(4);

  const other = join(dir, 'compact', 'model.safetensors');
  await expect(openAnyTokenizer(other, classes)).rejects.toThrow('no dVAE: it lacks encoder.blocks.input.w');
  const foreign = mkdtempSync(join(dir, 'foreign-'));
  await expect(openAnyTokenizer(foreign, classes)).rejects.toThrow('config.json: cannot be read');
  writeFileSync(join(foreign, 'config.json'), '{"model_type": "bert"}');
  await expect(openAnyTokenizer(foreign, classes)).rejects.toThrow('Name a folder that gss train wrote');
  writeFileSync(join(foreign, 'config.json'), readFileSync(join(dir, 'compact', 'config.json')));
  await expect(openAnyTokenizer(foreign, classes)).rejects.toThrow(/model\.safetensors/);
});

test('data with other classes are refused', async () => {
  const other = { ...data, classes: classes.slice(0, 2) };
  const opened = await openAnyTokenizer(join(dir, 'compact'), classes);
  await expect(evaluateTokenizer(opened, other, context)).rejects.toThrow("the data's classes are not the model's");
});
