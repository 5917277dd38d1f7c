import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@gss/checkpoint/node';
import { tokenizerSpec } from '@gss/segmenter';
import { loadTokenizerFolder } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, disposeTree, initParams, stateDict } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { openInput } from '../convert/files.js';
import { modelCommand } from './model.js';

const dir = mkdtempSync(join(tmpdir(), 'gss-model-pack-'));
const source = join(dir, 'source');
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
});

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

/** Runs `gss model pack ARGS` in this process. */
async function pack(...args: string[]) {
  const said = { out: '', err: '' };
  const into = (key: 'out' | 'err') => (text: string | Uint8Array) => {
    said[key] += text;
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(into('err'));
  await modelCommand()
    .exitOverride()
    .parseAsync(['node', 'gss', 'pack', ...args]);
  return { ...said, code: process.exitCode };
}

test('packs a tokenizer in 8 bits and shards, and says what it became', async () => {
  const out = join(dir, 'int8');
  const { out: text } = await pack(source, out, '--dtype', 'int8', '--shard-size', '0.02', '--json');
  const result = JSON.parse(text.trim().split('\n').at(-1)!);
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
  const { out: text, code } = await pack(source, out);
  expect(code).toBe(0);
  expect(text).toMatch(/f16 weights, [\d.]+ MB \(.*: [\d.]+ MB\)/);
  expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')).storage).toBe('f16');
});

test('writes over nothing', async () => {
  const { err, code } = await pack(source, source);
  expect(code).toBe(1);
  expect(err).toMatch(/one with files\. Name another/);
});
