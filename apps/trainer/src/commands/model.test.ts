import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preset } from '@gss/segmenter/presets';
import { afterAll, expect, test } from 'vitest';
import { modelCommand } from './model.js';
import { runCommand } from './test-command.js';

const dir = mkdtempSync(join(tmpdir(), 'gss-model-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const model = (...args: string[]) => runCommand(modelCommand(), ...args);

test('inspects a preset: parameters of the reference, FLOPs by part', async () => {
  const { stdout } = await model('inspect', 'paper-ft-w-swin-l-ade20k', '--size', '256x128', '--json');
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({
    parameters: 317_050_296,
    size: [256, 128],
    tokens: { height: 64, width: 32, vocabulary: 8192 },
    parts: { backbone: { parameters: 195_201_204 }, 'tokenizer encoder': { parameters: 53_786_240 } },
    paper: { table: 5, published: { value: 48.54 } },
  });
  expect(result.flops).toBeGreaterThan(1e10);
});

test('tells people what is what, and what the paper reports', async () => {
  const { stdout, code } = await model('inspect', 'nano', '--classes', '11', '--size', '64x96');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^nano: our smallest/);
  expect(stdout).toMatch(/backbone +[\d,]+ +[\d.]+ M {2}at 64 × 96|backbone +[\d,]+ +[\d.]+ M/);
  expect(stdout).toContain('tokens      16 × 24 of 1024 codes');
  expect(stdout).toMatch(/^kernels {5}Add ArgMax .* FusedConv2D/m);
  expect((await model('list')).stdout).toContain('GSS-FT-W, Swin-Large, cityscapes (Table 4: 80.05)');
});

test('inspects a model folder by its config alone', async () => {
  const { model: config } = preset('nano', { classes: 3, kind: 'discriminative' });
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, name: 'mine' }));
  const result = JSON.parse((await model('inspect', dir, '--json')).stdout);
  expect(result).toMatchObject({ name: 'mine', kind: 'discriminative', size: [512, 512] });
  expect(result.tokens).toBeUndefined();
});

test.each([
  [['inspect', 'nona'], /no preset "nona"\. Did you mean nano or/],
  [['inspect', dir, '--classes', '4'], /its classes and kind are fixed/],
  [['inspect', tmpdir()], /a folder without config\.json/],
])('refuses %j with its reason', async (args, message) => {
  const { stderr, code } = await model(...args);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});
