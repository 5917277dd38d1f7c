import { existsSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheOf, publish, withTemporaryFolder } from './cache.js';
import { asNativeError } from './errors.js';
import { assertSpace, freeSpace, readJson, sha256OfFile, writeFileAtomic } from './files.js';
import { put, temporaryFolder } from './test-wheel.js';

test('the cache lies where each system keeps such things, or where GSS_CACHE says', () => {
  expect(cacheOf({ HOME: '/home/me' }, 'linux').root).toBe('/home/me/.cache/gss/native');
  expect(cacheOf({ HOME: '/home/me', XDG_CACHE_HOME: '/var/x' }, 'linux').root).toBe('/var/x/gss/native');
  expect(cacheOf({ HOME: '/Users/me' }, 'darwin').root).toBe('/Users/me/Library/Caches/gss/native');
  expect(cacheOf({ HOME: '/home/me', GSS_CACHE: '/data/gss' }, 'darwin').root).toBe('/data/gss/native');
});

test('a temporary folder goes with its work, also when that fails; what a killed process left goes a day later', async () => {
  const cache = cacheOf({ GSS_CACHE: temporaryFolder() });
  const killed = join(cache.temporary, 'install-killed');
  const running = join(cache.temporary, 'install-running');
  for (const dir of [killed, running]) put(join(dir, 'runtime', 'lib', 'half'), 'half');
  utimesSync(killed, new Date(0), new Date(0));
  let seen = '';
  await expect(
    withTemporaryFolder(cache, async (dir) => {
      seen = dir;
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect([existsSync(seen), existsSync(killed), existsSync(running)]).toEqual([false, false, true]);
});

test('publishing replaces a folder as a whole', async () => {
  const cache = cacheOf({ GSS_CACHE: temporaryFolder() });
  const place = join(cache.runtimes, 'one');
  put(join(place, 'old', 'file'), 'old');
  await withTemporaryFolder(cache, async (dir) => {
    put(join(dir, 'new', 'file'), 'new');
    await publish(cache, join(dir, 'new'), place);
  });
  expect(readFileSync(join(place, 'file'), 'utf8')).toBe('new');
  // What another process published first, whole, stays: someone may be reading it.
  await withTemporaryFolder(cache, async (dir) => {
    put(join(dir, 'late', 'file'), 'late');
    await publish(cache, join(dir, 'late'), place, async () => true);
  });
  expect(readFileSync(join(place, 'file'), 'utf8')).toBe('new');
  expect(existsSync(join(place, 'old'))).toBe(false);
});

test('an atomic write shows the old content or the new, and a damaged manifest counts as none', async () => {
  const folder = temporaryFolder();
  const path = put(join(folder, 'a.json'), '{"a": 1}');
  await writeFileAtomic(path, '{"a": 2}');
  expect(await readJson(path)).toEqual({ a: 2 });
  mkdirSync(join(folder, 'b.json'));
  await expect(writeFileAtomic(join(folder, 'b.json'), 'x')).rejects.toThrow();
  expect(await readJson(path)).toEqual({ a: 2 });
  expect(await readJson(put(join(folder, 'c.json'), '{"a'))).toBeUndefined();
  expect(await sha256OfFile(put(join(folder, 'abc'), 'abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('too little space is found before anything is written', async () => {
  const folder = temporaryFolder();
  expect(await freeSpace(join(folder, 'not', 'yet', 'there'))).toBe(await freeSpace(folder));
  await assertSpace(folder, 1, 'testing');
  await expect(assertSpace(folder, 2e9, 'installing', async () => 1e9)).rejects.toThrow(
    /installing needs 2,000 MB .* got 1,000 MB free/,
  );
});

test('system errors that a user can act on get a code', () => {
  const system = (errno: string) => Object.assign(new Error(`${errno}: something`), { code: errno });
  const codeOf = (error: unknown) => (asNativeError(error, 'install') as { code?: string }).code;
  expect(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS'].map((errno) => codeOf(system(errno)))).toEqual([
    'DISK_FULL',
    'DISK_FULL',
    'NO_PERMISSION',
    'NO_PERMISSION',
    'NO_PERMISSION',
  ]);
  expect(codeOf(AbortSignal.abort().reason)).toBe('ABORTED');
  const other = new TypeError('a bug');
  expect(asNativeError(other, 'install')).toBe(other);
});
