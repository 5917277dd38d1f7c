import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findModels, makeManifest } from './weights.js';

const root = mkdtempSync(join(tmpdir(), 'gss-demo-weights-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('finds model folders and lists their files with size and digest', () => {
  for (const id of ['b', 'a', 'empty']) mkdirSync(join(root, id));
  for (const id of ['a', 'b']) {
    writeFileSync(join(root, id, 'config.json'), '{}');
    writeFileSync(join(root, id, 'model.safetensors'), id.repeat(10));
    writeFileSync(join(root, id, 'README.md'), 'not served');
  }
  writeFileSync(join(root, 'b', 'model.safetensors.index.json'), '{"weight_map":{}}');
  expect(findModels(root).map(({ id }) => id)).toEqual(['a', 'b']);
  expect(findModels(join(root, 'missing'))).toEqual([]);
  const sha256 = createHash('sha256').update('aaaaaaaaaa').digest('hex');
  expect(makeManifest(join(root, 'a')).files['model.safetensors']).toEqual({ size: 10, sha256 });
  expect(Object.keys(makeManifest(join(root, 'b')).files)).toEqual([
    'config.json',
    'model.safetensors',
    'model.safetensors.index.json',
  ]);
});
