import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@gss/checkpoint/node';
import { tokenizerSpec } from '@gss/segmenter';
import { loadTokenizerFolder } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, disposeTree, initParams, stateDict } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInput } from '../convert/files.js';
import { modelCommand } from './model.js';
import { runCommand } from './test-command.js';

const dir = mkdtempSync(join(tmpdir(), 'gss-model-pack-'));
const source = join(dir, 'source');
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeAll(async () => {
  await tf.setBackend('cpu');
  const { tokenizer, classes, palette, unlabelled } = preset('nano', { classes: 3 }).model;
  const spec = { tokenizer: tokenizerSpec(tokenizer) };
  const params = initParams(spec, createRng(1));
  mkdirSync(source);
  await writeSafetensors(join(source, 'model.safetensors'), await stateDict(spec, params));
  disposeTree(params);
  const config = { format: 'gss-tokenizer', version: 1, name: 'mine', tokenizer, classes, palette, unlabelled };
  writeFileSync(join(source, 'config.json'), JSON.stringify(config));
});

const pack = (...args: string[]) => runCommand(modelCommand(), 'pack', ...args);

test('packs a tokenizer in 8 bits and shards, and says what it became', async () => {
  const out = join(dir, 'int8');
  const { stdout } = await pack(source, out, '--dtype', 'int8', '--shard-size', '0.02', '--json');
  const result = JSON.parse(stdout.trim().split('\n').at(-1)!);
  expect(result).toMatchObject({ folder: out, dtype: 'int8' });
  expect(result.after).toBeLessThan(result.before / 2);
  expect(result.files.length).toBeGreaterThan(1);
  for (const file of result.files) expect(existsSync(join(out, file))).toBe(true);
  expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({ name: 'mine', storage: 'int8' });
  disposeTree((await loadTokenizerFolder(out)).params);
});

test('gss convert says how to unpack what it does not read', async () => {
  await pack(source, join(dir, 'bytes'), '--dtype', 'int8');
  expect(() => openInput(join(dir, 'bytes'), [])).toThrow(
    /weights in 8 bits\. Make them float32 first: gss model pack/,
  );
  await pack(source, join(dir, 'shards'), '--shard-size', '0.02');
  expect(() => openInput(join(dir, 'shards'), [])).toThrow(/weights in shards\. Join them first: gss model pack/);
  await pack(join(dir, 'shards'), join(dir, 'whole'), '--dtype', 'f32');
  openInput(join(dir, 'whole'), []).close();
});

test('half precision is what it packs to where nothing is said', async () => {
  const out = join(dir, 'half');
  const { stdout, code } = await pack(source, out);
  expect(code).toBe(0);
  expect(stdout).toMatch(/f16 weights, [\d.]+ MB \(.*: [\d.]+ MB\)/);
  expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')).storage).toBe('f16');
});

test('writes over nothing', async () => {
  const { stderr, code } = await pack(source, source);
  expect(code).toBe(1);
  expect(stderr).toMatch(/one with files\. Name another/);
});
