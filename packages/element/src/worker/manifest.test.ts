import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseManifest, sha256, verify } from './manifest.js';

const bytes = Uint8Array.of(1, 2, 3);
const hash = createHash('sha256').update(bytes).digest('hex');

test('names, sizes and hashes', () => {
  const text = JSON.stringify({ files: { 'model.safetensors': { size: 3, sha256: hash } } });
  expect(parseManifest(text, 'm')?.get('model.safetensors')).toEqual({ size: 3, sha256: hash });
});
test('the page that a host answers for a missing file is no manifest', () => {
  expect(parseManifest(' <!doctype html>', 'm')).toBeUndefined();
});
test.each([
  ['{', 'not JSON'],
  ['null', 'lacks "files"'],
  ['{"files": {"a": {"size": 1}}}', 'a lacks a size or a sha256'],
  ['{"files": {"a": null}}', 'a lacks a size or a sha256'],
  [`{"files": {"a": {"size": 1, "sha256": "${hash.toUpperCase()}"}}}`, '64 lower-case hexadecimal'],
])('%s is refused', (text, message) => {
  expect(() => parseManifest(text, 'm')).toThrow(message);
});
test('hashes as everyone does', async () => expect(await sha256(bytes)).toBe(hash));
test('bytes are those of the manifest, or refused with both sides', async () => {
  expect(await verify(bytes, { size: 3, sha256: hash }, 'w')).toBe('sha256');
  expect(await verify(bytes, undefined, 'w')).toBe('none');
  await expect(verify(bytes, { size: 4, sha256: hash }, 'w')).rejects.toThrow('expected 4 bytes');
  await expect(verify(Uint8Array.of(1, 2, 4), { size: 3, sha256: hash }, 'w')).rejects.toThrow(
    `expected sha256 ${hash}`,
  );
});
