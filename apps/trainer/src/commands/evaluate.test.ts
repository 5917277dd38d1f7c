import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelSpec } from '@gss/segmenter';
import { loadSegmenterFolder, saveModelFolder } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import '@tensorflow/tfjs';
import { afterAll, expect, test } from 'vitest';
import type { Output } from '../cli/output.js';
import { evaluateModel } from '../stages/evaluate.js';
import { evaluateCommand } from './evaluate.js';
import { reproduceCommand } from './reproduce.js';
import { runCommand } from './test-command.js';

const root = mkdtempSync(join(tmpdir(), 'gss-evaluate-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const oracle = (...args: string[]) => runCommand(evaluateCommand(), 'tokenizer', ...args);

test('--worst without a place for its pictures is refused', async () => {
  const { stderr, code } = await oracle('--model', root, '--worst', '3');
  expect(stderr).toContain('--worst 3: say with --pictures DIR where to put their pictures.');
  expect(code).toBe(1);
});

test.each(['0', '-2', '1.5', 'many'])('--worst %s is no count of images', async (count) => {
  const { stderr, code } = await oracle('--model', root, '--pictures', root, '--worst', count);
  expect(stderr).toContain('expected a whole number above 0');
  expect(code).toBe(1);
});

test('a folder of something else is named, with what is expected', async () => {
  const pictures = join(root, 'pictures');
  const { stderr, code } = await oracle('--model', root, '--pictures', pictures, '--backend', 'cpu');
  expect(stderr).toMatch(
    /config\.json: cannot be read .*--model takes a folder that gss train or gss quickstart wrote/,
  );
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(code).toBe(1);
  expect(existsSync(pictures)).toBe(false);
});

test('table-2 names the rows that there are, and takes one kind of budget', async () => {
  const table = (...args: string[]) => runCommand(reproduceCommand(), 'table-2', '--out', join(root, 'runs'), ...args);
  const unknown = await table('--rows', 'vqgan,dalle');
  expect(unknown.stderr).toContain('no row dalle; there are vqgan, vqgan-classes, uvim, uvim-maskige, dvae');
  expect(unknown.code).toBe(1);
  expect((await table('--steps', '5', '--minutes', '1')).stderr).toMatch(/--minutes.*cannot be used with.*--steps/);
  expect((await table('--minutes', 'soon')).stderr).toContain('expected a number above 0, got soon');
  expect((await table('--seed', '-1')).stderr).toContain('expected 0, 1, 2, …, got -1');
  expect(existsSync(join(root, 'runs'))).toBe(false);
});

test.each([
  [['--tta', '--flip'], /--tta is all scales and flips/],
  [['--tta', '--scales', '1'], /--tta is all scales and flips/],
  [['--average', 'votes'], /--average votes has nothing to average/],
  [['--scales', '0.5,,1'], /numbers above 0 with commas between, such as 0.75,1,1.25, got 0.5,,1/],
  [['--scales', '1,0'], /got 1,0/],
  [['--flip', '--average', 'median'], /Allowed choices are soft, votes/],
])('%j is refused', async (args, reason) => {
  const { stderr, code } = await runCommand(evaluateCommand(), '--model', root, ...args);
  expect(stderr).toMatch(reason);
  expect(code).toBe(1);
});

test('figures of an augmented evaluation are of the averaged passes', async () => {
  const folder = join(root, 'model');
  const { model } = preset('nano', { classes: 4 });
  mkdirSync(folder);
  await saveModelFolder(folder, model, initParams(modelSpec(model), createRng(1)));
  const segmenter = await loadSegmenterFolder(folder);
  const rng = createRng(2);
  const [width, height] = [48, 32];
  const image = { data: Uint8Array.from({ length: width * height * 3 }, () => rng.int(256)), width, height };
  const augment = { scales: [0.75, 1], flip: true };
  const prediction = await segmenter.predict(image, { augment });
  const truth = await prediction.labels(); // the truth is what these passes say, so that they score 100
  prediction.dispose();
  const dataset = {
    length: 1,
    classes: model.classes,
    name: () => 'a',
    read: async () => ({ image, labels: truth, name: 'a' }),
  };
  const bar = { update: () => {}, stop: () => {} };
  const context = { out: { progress: () => bar } as unknown as Output, signal: new AbortController().signal };
  const exact = await evaluateModel(segmenter, dataset, { ...context, boundary: true }, augment);
  expect([exact.aAcc, exact.boundaryIoU]).toEqual([100, 100]);
  const plain = await evaluateModel(segmenter, dataset, { ...context, boundary: true });
  expect(plain.aAcc).toBeLessThan(100);
  expect(plain.boundaryIoU).toBeLessThan(100);
  expect(await evaluateModel(segmenter, dataset, context)).not.toHaveProperty('boundaryIoU');
  segmenter.dispose();
});
