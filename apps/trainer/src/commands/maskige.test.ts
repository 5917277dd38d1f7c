import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLabel } from '@gss/datasets/node';
import { sampleMap } from '@gss/maskige/report';
import { decode as decodePng, encode as encodePng } from 'fast-png';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { indexPng } from '../images/write.js';
import { maskigeCommand } from './maskige.js';
import { paletteCommand } from './palette.js';
import { runCommand, temporaryFolder } from './test-command.js';

const at = temporaryFolder();
const labelsOf = (file: string) => decodeLabel(readFileSync(file), file);

const maskige = (...args: string[]) => runCommand(maskigeCommand(), ...args);
const palette = (...args: string[]) => runCommand(paletteCommand(), ...args);

test('encode and decode lead back to the labels, unlabelled pixels included', async () => {
  const map = sampleMap(19, 40, 30);
  const data = map.data.map((v, i) => (i < 50 ? 255 : v));
  writeFileSync(at('in.png'), indexPng({ ...map, data }));
  expect((await maskige('encode', '--palette', 'gss-cityscapes-19', at('in.png'), at('m.png'))).code).toBe(0);
  const { code, stdout } = await maskige(
    'decode',
    '--json',
    '--palette',
    'gss-cityscapes-19',
    at('m.png'),
    at('out', 'l.png'),
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ files: [{ input: at('m.png'), output: at('out', 'l.png') }], failed: [] });
  expect([...labelsOf(at('out', 'l.png')).data]).toEqual([...data]);
});

test('a folder: index, palette and 16-bit PNGs at any depth; a bad file is named and stops no other', async () => {
  const { data, width, height } = sampleMap(9, 30, 20);
  mkdirSync(at('in', 'deep'), { recursive: true });
  writeFileSync(at('in', 'index.png'), indexPng({ data, width, height }));
  writeFileSync(at('in', 'deep', 'wide.png'), indexPng({ data: Uint16Array.from(data), width, height }));
  const colours = Array.from({ length: 9 }, (_, k) => [k, k, k]);
  writeFileSync(
    at('in', 'palette.png'),
    encodePng({ data: data as Uint8Array, width, height, channels: 1, palette: colours }),
  );
  writeFileSync(at('in', 'bad.png'), 'no picture');
  writeFileSync(at('in', 'notes.txt'), 'left alone');
  const encoded = await maskige('encode', '--json', '--palette', 'maximal:9', at('in'), at('m'));
  expect(encoded.code).toBe(1);
  expect(encoded.stderr).toContain(at('in', 'bad.png'));
  expect(encoded.stderr).toContain('encode 4/4');
  expect(JSON.parse(encoded.stdout).files).toHaveLength(3);
  const decoded = await maskige('decode', '--palette', 'maximal:9', at('m'), at('out'));
  expect(decoded.code).toBe(0);
  for (const name of ['index.png', 'palette.png', join('deep', 'wide.png')]) {
    expect([...labelsOf(at('out', name)).data]).toEqual([...data]);
  }
});

test('300 classes are written in 16 bits', async () => {
  const map = sampleMap(300, 60, 50);
  writeFileSync(at('in.png'), indexPng(map));
  await maskige('encode', '--palette', 'maximal:300', at('in.png'), at('m.png'));
  await maskige('decode', '--palette', 'maximal:300', at('m.png'), at('out.png'));
  expect(labelsOf(at('out.png'))).toEqual(map);
});

test('errors: no such palette, colours too near, a label without a colour', async () => {
  writeFileSync(at('in.png'), indexPng(sampleMap(5, 9, 9)));
  const wrong = await maskige('encode', '--palette', 'cityscape', at('in.png'), at('m.png'));
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("No palette 'cityscape'")]);
  const near = await maskige('encode', '--palette', 'ade20k', at('in.png'), at('m.png'));
  expect([near.code, near.stderr]).toEqual([1, expect.stringContaining('6 [140,140,140]')]);
  expect((await maskige('encode', '--force', '--palette', 'ade20k', at('in.png'), at('m.png'))).code).toBe(0);
  const label = await maskige('encode', '--palette', 'maximal:3', at('in.png'), at('n.png'));
  expect([label.code, label.stderr]).toEqual([1, expect.stringMatching(/label [34] at pixel \d+ has no colour/)]);
  expect(existsSync(at('n.png'))).toBe(false);
});

test('report: every degradation for every palette, JPEG included', async () => {
  const { stdout } = await maskige('report', '--json', '--palette', 'maximal:19', 'random:19');
  const { palettes } = JSON.parse(stdout) as { palettes: Record<string, { degradation: string; accuracy: number }[]> };
  expect(Object.keys(palettes)).toEqual(['maximal:19', 'random:19']);
  const [ours, random] = Object.values(palettes).map((rows) => rows.filter((row) => row.degradation === 'jpeg'));
  expect(ours).toHaveLength(4);
  expect(ours![1]!.accuracy).toBeGreaterThan(random![1]!.accuracy);
});

test('palette design writes text, JSON and a swatch that show and encode take again', async () => {
  const files = ['p.txt', 'p.json', 'p.png'].map((name) => at(name));
  const { stdout, code } = await palette('design', '8', '--json', '--starts', '2', '--out', ...files);
  expect(code).toBe(0);
  const made = JSON.parse(stdout) as { palette: number[][]; minDistance: number };
  expect(made.palette).toHaveLength(8);
  expect(made.minDistance).toBeGreaterThan(150);
  for (const file of files.slice(0, 2)) {
    expect(JSON.parse((await palette('show', '--json', file)).stdout)).toEqual({
      palette: made.palette,
      ignoreColor: [0, 0, 0],
    });
  }
  const png = decodePng(readFileSync(files[2]!));
  expect([png.width, png.height]).toEqual([96, 96]);
  expect((await sharp(files[2]!).metadata()).format).toBe('png');
});

test('palette design takes a confusion matrix', async () => {
  writeFileSync(
    at('c.json'),
    JSON.stringify([
      [9, 5, 0],
      [5, 9, 0],
      [0, 0, 9],
    ]),
  );
  const { stdout } = await palette('design', '3', '--json', '--starts', '1', '--confusion', at('c.json'));
  expect(JSON.parse(stdout).palette).toHaveLength(3);
  const bad = await palette('design', '4', '--confusion', at('c.json'));
  expect([bad.code, bad.stderr]).toEqual([
    1,
    expect.stringContaining('4 × 4 numbers (rows: truth), got 3 rows, 9 numbers'),
  ]);
  writeFileSync(at('null.json'), '[[1, null], [0, 1]]');
  const missing = await palette('design', '2', '--confusion', at('null.json'));
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('got 2 rows, 3 numbers')]);
});

test('an input is not overwritten, nor a palette written in a form that the ending does not name', async () => {
  writeFileSync(at('in.png'), indexPng(sampleMap(5, 9, 9)));
  const before = readFileSync(at('in.png'));
  for (const name of ['encode', 'decode']) {
    const { code, stderr } = await maskige(name, '--palette', 'maximal:5', at('in.png'), at('.', 'in.png'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('that is the input')]);
  }
  expect(readFileSync(at('in.png')).equals(before)).toBe(true);
  for (const args of [
    ['design', '3'],
    ['show', 'maximal:3'],
  ]) {
    const { code, stderr } = await palette(...args, '--out', at('p.bmp'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('ends in .png, .json, .txt')]);
  }
  expect(existsSync(at('p.bmp'))).toBe(false);
  const swallowed = await maskige('report', '--palette', 'maximal:5', at('in.png'));
  expect([swallowed.code, swallowed.stderr]).toEqual([1, expect.stringContaining('is a picture, no palette')]);
});

test('palette check names pairs and fails', async () => {
  const bad = await palette('check', 'pascal-context-59');
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain('class 5 and class 47 share 140 140 140');
  const good = await palette('check', '--json', 'gss-mseg-194');
  expect(good.code).toBe(0);
  expect(JSON.parse(good.stdout)).toMatchObject({ classes: 194, ok: true, near: [] });
});
