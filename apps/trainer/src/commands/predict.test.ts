import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSegmenter, modelSpec } from '@gss/segmenter';
import { saveModelFolder } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { rgbPng } from '../images/write.js';
import { predictCommand } from './predict.js';

const root = mkdtempSync(join(tmpdir(), 'gss-predict-'));
const folder = join(root, 'model');
const picture = join(root, 'street.png');
const { model } = preset('nano', { classes: 4 });

beforeAll(async () => {
  const params = initParams(modelSpec(model), createRng(1));
  mkdirSync(folder);
  await saveModelFolder(folder, model, params);
  createSegmenter(model, params).dispose();
  const rng = createRng(2);
  const data = Uint8Array.from({ length: 40 * 32 * 3 }, () => rng.int(256));
  writeFileSync(picture, await rgbPng({ data, width: 40, height: 32 }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => {
  process.exitCode = 0;
});

async function run(out: string, ...args: string[]) {
  let stderr = '';
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(() => true),
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      stderr += String(chunk);
      return true;
    }),
  ];
  process.exitCode = undefined;
  const command = predictCommand().exitOverride(); // commander throws where it would end the process
  const line = ['--model', folder, '--out', out, '--backend', 'cpu', ...args, picture];
  const refused = await command.parseAsync(line, { from: 'user' }).then(
    () => 0,
    (error: { exitCode?: number }) => error.exitCode ?? 1,
  );
  for (const spy of spies) spy.mockRestore();
  return { stderr, code: refused || Number(process.exitCode ?? 0) };
}

test('--samples writes masks, maskiges and their agreement; a seed repeats them', async () => {
  const shape = ['--samples', '2', '--temperature', '2', '--top-k', '8'];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(root, name)) as [string, string, string];
  expect(await run(a, ...shape, '--seed', '3')).toMatchObject({ code: 0 });
  expect(await run(b, ...shape, '--seed', '3')).toMatchObject({ code: 0 });
  expect(await run(c, ...shape, '--seed', '4')).toMatchObject({ code: 0 });
  const names = ['agreement', 'maskige', 'sample-1.maskige', 'sample-1', 'sample-2.maskige', 'sample-2'];
  const files = [...names.map((name) => `street.${name}.png`), 'street.overlay.jpg', 'street.png'];
  expect(readdirSync(a).sort()).toEqual(files.sort());
  const bytes = (dir: string, name: string) => readFileSync(join(dir, `street.${name}.png`));
  for (const name of names) expect(bytes(b, name)).toEqual(bytes(a, name));
  expect(bytes(a, 'sample-2')).not.toEqual(bytes(a, 'sample-1'));
  expect(bytes(c, 'sample-1')).not.toEqual(bytes(a, 'sample-1'));
});

test.each([
  [['--temperature', '1'], /--temperature belongs to --samples N/],
  [['--top-k', '4'], /--top-k belongs to --samples N/],
  [['--seed', '0'], /--seed belongs to --samples N/],
  [['--samples', '0'], /expected a whole number above 0, got 0/],
  [['--samples', '2', '--temperature', '-1'], /expected a number of 0 or more, got -1/],
  [['--samples', '2', '--seed', '1.5'], /expected a whole number, got 1.5/],
])('%j is refused', async (args, reason) => {
  const { stderr, code } = await run(join(root, 'refused'), ...args);
  expect(stderr).toMatch(reason);
  expect(code).toBe(1);
});
