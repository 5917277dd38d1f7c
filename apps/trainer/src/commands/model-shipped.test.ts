import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { findModel, shippedModels } from './model-shipped.js';

const root = mkdtempSync(join(tmpdir(), 'gss-shipped-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const home = join(root, 'apps', 'trainer');
const trainer = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const script = join(trainer, 'scripts', 'weights.mjs');
const put = (...path: string[]) => {
  const folder = join(root, ...path);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), '{}');
  writeFileSync(join(folder, 'model.safetensors'), path.join());
  return folder;
};

test('without weights the names are none, and the error says so', () => {
  expect([...shippedModels(home)]).toEqual([]);
  expect(() => findModel('predict', undefined, new Map())).toThrow(
    'predict: --model is missing and the default model camvid is not there; no model is shipped with this copy of gss',
  );
});

test('models of the repository are found by name; a path goes before a name', () => {
  const camvid = put('weights', 'camvid');
  const streets = put('weights', 'synthetic-streets');
  mkdirSync(join(root, 'weights', 'half-written'));
  const shipped = shippedModels(home);
  expect([...shipped.keys()]).toEqual(['camvid', 'synthetic-streets']);
  expect(findModel('predict', undefined, shipped)).toBe(camvid);
  expect(findModel('predict', 'synthetic-streets', shipped)).toBe(streets);
  expect(findModel('predict', root, shipped)).toBe(root);
  expect(() => findModel('evaluate', 'camvit', shipped)).toThrow(
    'evaluate: no model folder camvit, and no shipped model of that name; shipped are camvid, synthetic-streets. Did you mean camvid?',
  );
});

test('packing copies them into the package, where they are found first, and takes them away again', () => {
  put('weights', 'camvid');
  execFileSync(process.execPath, [script, home]);
  const packed = shippedModels(home).get('camvid')!;
  expect(packed).toBe(join(home, 'weights', 'camvid'));
  expect(readFileSync(join(packed, 'model.safetensors'), 'utf8')).toBe('weights,camvid');
  execFileSync(process.execPath, [script, '--remove', home]);
  expect(shippedModels(home).get('camvid')).toBe(join(root, 'weights', 'camvid'));
});

test('the package ships them', () => {
  const { files, scripts } = JSON.parse(readFileSync(join(trainer, 'package.json'), 'utf8'));
  expect(files).toContain('weights');
  expect([scripts.prepack, scripts.postpack]).toEqual([
    'node scripts/weights.mjs',
    'node scripts/weights.mjs --remove',
  ]);
});
