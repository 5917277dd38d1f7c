import { createHash } from 'node:crypto';
import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { parseRecord } from './record.js';

const digest = (text: string) => createHash('sha256').update(text).digest();
const quoted = (path: string) => (/[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path);
const lineOf = (path: string, content: string) =>
  `${quoted(path)},sha256=${digest(content).toString('base64url')},${Buffer.byteLength(content)}`;

property.prop([
  fc.uniqueArray(
    fc.string({ minLength: 1 }).filter((path) => !/[\r\n]/.test(path)),
    { maxLength: 8 },
  ),
])('reads back every path, hash and size', (paths) => {
  const record = parseRecord(`${paths.map((path) => lineOf(path, path)).join('\n')}\nx.dist-info/RECORD,,\n`, 'x.whl');
  expect([...record.keys()]).toEqual(paths);
  for (const path of paths)
    expect(record.get(path)).toEqual({ sha256: digest(path).toString('hex'), size: Buffer.byteLength(path) });
});

test.each([
  ['a line without commas', 'tensorflow/a'],
  ['a weak hash', 'a,md5=abcdef,3'],
  ['a short hash', 'a,sha256=abc,3'],
  ['no size', lineOf('a', 'a').replace(/\d+$/, '')],
  ['a path twice', `${lineOf('a', 'a')}\n${lineOf('a', 'b')}`],
])('refuses %s', (_, text) => {
  expect(() => parseRecord(text, 'x.whl')).toThrow(expect.objectContaining({ code: 'BAD_WHEEL' }));
});
