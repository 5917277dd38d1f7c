import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isErrno } from './errors.js';
import { fsyncPath, fsyncTree, makeFolder } from './files.js';

/** Folders of the user's cache. Nothing in them is needed by anyone else: all may be deleted at any time. */
export interface Cache {
  readonly root: string;
  readonly runtimes: string;
  readonly bindings: string;
  readonly temporary: string;
}

/** The user's folder for everything of ours that can be fetched again: `$GSS_CACHE`, else the system's place for caches. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  if (env.GSS_CACHE) return resolve(env.GSS_CACHE);
  const home = env.HOME || homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'gss');
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'gss');
}

/** `native/` in the user's cache. */
export function cacheOf(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): Cache {
  const root = join(cacheFolder(env, platform), 'native');
  return { root, runtimes: join(root, 'runtimes'), bindings: join(root, 'bindings'), temporary: join(root, 'tmp') };
}

/** The folder for unfinished work, on the disk where it is to lie when it is finished. */
export type TemporaryPlace = Pick<Cache, 'temporary'>;

const dayInMilliseconds = 24 * 60 * 60 * 1000;

/** Runs `work` with a fresh folder on the cache's own disk, and removes that folder however the work ends. */
export async function withTemporaryFolder<T>(cache: TemporaryPlace, work: (dir: string) => Promise<T>): Promise<T> {
  await makeFolder(cache.temporary);
  await removeStale(cache);
  const dir = await mkdtemp(join(cache.temporary, 'install-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A killed installation leaves its temporary folder behind; a later one takes it away. */
async function removeStale(cache: TemporaryPlace): Promise<void> {
  for (const name of await readdir(cache.temporary)) {
    const path = join(cache.temporary, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > dayInMilliseconds) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Moves a finished folder to its final place, which then holds all of it or what it held before. An older folder there
 * is replaced, unless `isWhole` finds it good: then another process was first, may be using it, and its folder stays.
 */
export async function publish(
  cache: TemporaryPlace,
  finished: string,
  place: string,
  isWhole: () => Promise<boolean> = async () => false,
): Promise<void> {
  await fsyncTree(finished);
  await makeFolder(dirname(place));
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(finished, place);
      break;
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST') || attempt === 5) throw error;
      if (await isWhole()) return;
      const old = await mkdtemp(join(cache.temporary, 'old-'));
      await rename(place, join(old, 'folder')).catch((reason: unknown) => {
        if (!isErrno(reason, 'ENOENT')) throw reason;
      });
      await rm(old, { recursive: true, force: true });
    }
  }
  await fsyncPath(dirname(place));
}
