import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeImage, decodeLabel } from '@gss/datasets/node';
import { createSegmenter, modelSpec } from '@gss/segmenter';
import { saveModelFolder } from '@gss/segmenter/node';
import { preset } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rgbPng } from '../images/write.js';
import { predictCommand } from './predict.js';
import { runCommand } from './test-command.js';

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

const predictWith = (line: string[]) => runCommand(predictCommand(), ...line);
/** `gss predict --model … --out … --backend wasm ARGS`. */
const run = (out: string, ...args: string[]) =>
  predictWith(['--model', folder, '--out', out, '--backend', 'wasm', ...args, picture]);

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

test('--outputs chooses what is written; ids, palette and colours are one map', async () => {
  const out = join(root, 'all');
  const { stdout, code } = await run(out, '--outputs', 'all', '--json');
  expect(code).toBe(0);
  const { files } = JSON.parse(stdout);
  const names = 'colour.png confidence.png maskige.png overlay.jpg palette.png tokens.json'.split(' ');
  expect(readdirSync(out).sort()).toEqual([...names.map((name) => `street.${name}`), 'street.png'].sort());
  expect(files).toEqual([
    { input: picture, labels: join(out, 'street.png'), ms: expect.any(Number), outputs: expect.any(Object) },
  ]);
  expect(files[0].outputs.palette).toBe(join(out, 'street.palette.png'));
  const bytes = (name: string) => readFileSync(join(out, name));
  const ids = decodeLabel(bytes('street.png'), 'street.png').data;
  const colours = model.classes.map(({ color }) => color);
  const drawn = [...ids].flatMap((id) => [...colours[id]!]);
  // sharp turns palette PNGs into RGB: each index looked up in the palette.
  for (const name of ['street.palette.png', 'street.colour.png'])
    expect([...(await decodeImage(bytes(name), name)).data]).toEqual(drawn);
  const tokens = JSON.parse(bytes('street.tokens.json').toString());
  expect([tokens.width, tokens.height, tokens.tokens.length, tokens.vocabulary]).toEqual([10, 8, 80, 1024]);
  expect(await run(out, '--outputs', 'labels', '--flip')).toMatchObject({ code: 0 });
});

test('a folder is all its pictures, with progress; a batch gives the same labels', async () => {
  const pictures = join(root, 'pictures');
  mkdirSync(join(pictures, 'deeper'), { recursive: true });
  for (const name of ['b.png', 'a.png', 'deeper/c.png']) cpSync(picture, join(pictures, name));
  writeFileSync(join(pictures, 'notes.txt'), 'no picture');
  const out = join(root, 'folder');
  const line = ['--model', folder, '--out', out, '--backend', 'wasm', '--outputs', 'labels', pictures];
  const { stdout, stderr, code } = await predictWith(line);
  expect([code, readdirSync(out)]).toEqual([0, ['a.png', 'b.png']]);
  expect(stderr).toMatch(/predict {2}2\/2 · \d+ s left/);
  expect(stdout).toContain(`2 pictures → ${out}`);
  const single = readFileSync(join(out, 'a.png'));
  expect(await predictWith(['--batch-size', '2', ...line])).toMatchObject({ code: 0 });
  expect(readFileSync(join(out, 'b.png'))).toEqual(single);
});

test.each([
  [['--outputs', 'lables'], /no output "lables"; did you mean labels\? There are labels, palette/],
  [['--outputs', 'tokens', '--flip'], /--outputs tokens: windows, scales and mirror images have tokens of their own/],
  [['--tta', '--flip'], /predict: --tta is all scales and flips/],
  [['--average', 'votes'], /predict: --average votes has nothing to average/],
  [[join(root, 'nowhere.png')], /nowhere\.png does not exist\. Name pictures, or folders/],
  [['--batch-size', '0'], /expected a whole number above 0, got 0/],
])('%j is refused before anything is computed', async (args, reason) => {
  const { stderr, code } = await run(join(root, 'refused'), ...args);
  expect(stderr).toMatch(reason);
  expect(code).toBe(1);
});

test('a name that is neither a folder nor shipped is refused', async () => {
  const line = ['--model', join(root, 'absent'), '--out', join(root, 'refused'), '--backend', 'wasm', picture];
  const { stderr, code } = await predictWith(line);
  expect(stderr).toMatch(/predict: no model folder .*absent, and no shipped model of that name/);
  expect(code).toBe(1);
});
