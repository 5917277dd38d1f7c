import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno, NativeError } from './errors.js';

/** SHA-256 of a file as lower-case hex, read as a stream. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Forces a file or a folder's entries to the disk. */
export async function fsyncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems (network, FUSE) refuse to sync folders: then there is nothing more to be done.
    if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'EBADF', 'EISDIR')) throw error;
  } finally {
    await handle.close();
  }
}

/** Syncs a folder and all folders in it; its files were synced when they were written. */
export async function fsyncTree(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true }))
    if (entry.isDirectory()) await fsyncTree(join(dir, entry.name));
  await fsyncPath(dir);
}

/** Writes a file so that it is there as a whole or not at all. */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = `${path}.gss-${process.pid}`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** True if something is there, a dangling symbolic link excluded. */
export async function exists(path: string): Promise<boolean> {
  return (await statOrUndefined(path)) !== undefined;
}

/** `stat`, or undefined if nothing is there. */
export async function statOrUndefined(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}

/** Reads a JSON file; undefined if it is missing or not JSON (a damaged manifest counts as none). */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Bytes of all files under a folder, 0 if there is none. Files that vanish meanwhile count nothing. */
export async function folderSize(dir: string): Promise<number> {
  let total = 0;
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) total += await folderSize(path);
    else if (entry.isFile())
      total += await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return total;
}

/** Free bytes of the disk that holds `path`, or that would hold it. */
export async function freeSpace(path: string): Promise<number> {
  for (let dir = path; ; dir = dirname(dir)) {
    try {
      const { bavail, bsize } = await statfs(dir);
      return bavail * bsize;
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTDIR') || dir === dirname(dir)) throw error;
    }
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en-US')} MB`;

/**
 * Refuses to begin what cannot end.
 *
 * @throws NativeError `DISK_FULL` if fewer than `bytes` are free where `path` lies or will lie.
 */
export async function assertSpace(path: string, bytes: number, purpose: string, space = freeSpace): Promise<void> {
  const free = await space(path);
  if (free < bytes)
    throw new NativeError(
      'DISK_FULL',
      `native: ${purpose} needs ${megabytes(bytes)} in ${path}, got ${megabytes(free)} free. Free some space, or set GSS_CACHE to a folder on a larger disk.`,
    );
}

/** `mkdir -p`. */
export const makeFolder = (dir: string): Promise<unknown> => mkdir(dir, { recursive: true });
