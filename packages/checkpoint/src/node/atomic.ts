import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CheckpointError } from '../errors.js';

/** Pieces a write is cut into: one call may not take more than 2 GiB. */
const pieceBytes = 1 << 28;

/** What the usual refusals of a file system mean for the reader. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space',
  EDQUOT: 'the disk quota is used up. Free some space',
  EFBIG: 'the file system takes no file of this size. Write elsewhere',
  EACCES: 'no permission. Change the permissions, or write elsewhere',
  EPERM: 'no permission. Change the permissions, or write elsewhere',
  EROFS: 'the file system is read-only. Write elsewhere',
  ENOENT: 'the folder does not exist. Make it first',
  ENOTDIR: 'a part of the path is no folder. Correct the path',
  EISDIR: 'a folder has this name. Choose another name',
};

/** Writes all bytes at the handle's position, however few the system takes at a time. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, Math.min(pieceBytes, bytes.length - at));
    at += bytesWritten;
  }
}

/**
 * Lets `write` fill a temporary file beside `path` and puts it in the place of `path` in one step, flushed to the disk:
 * a reader, or a crash at any moment, finds the old file or the new one, never a half. When anything fails the old file
 * is untouched and the temporary file is gone (a killed process may leave `.NAME.….tmp`). A link stays a link: its
 * target is replaced. Permissions of an existing file are kept.
 * @throws CheckpointError when the file system refuses; whatever `write` throws, as it is.
 */
export async function writeAtomic(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const existing = await stat(target).catch(() => undefined);
  if (existing?.isDirectory()) throw refusal(path, Object.assign(new Error('EISDIR: a folder'), { code: 'EISDIR' }));
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx', existing ? existing.mode & 0o777 : 0o666);
    try {
      await write(handle);
      if (existing) await handle.chmod(existing.mode & 0o777).catch(() => undefined);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw refusal(path, error);
  }
  await syncFolder(folder);
}

/**
 * Writes a file whole or not at all (see `writeAtomic`).
 * @throws CheckpointError when the file system refuses: the old file is then untouched.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  await writeAtomic(path, (handle) => writeFully(handle, bytes));
}

/** Makes the renaming last. Some systems cannot flush a folder; the file itself is flushed already. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(codeOf(error) ?? '')) throw refusal(folder, error);
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** An error of the file system becomes one that says what to do; any other stays itself. */
function refusal(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined || error instanceof CheckpointError || !('syscall' in (error as object) || code === 'EISDIR'))
    return error;
  const remedy = remedies[code] ?? (error as Error).message;
  return new CheckpointError(
    `could not be written (${code}): ${remedy}. What was there before is untouched.`,
    { file },
    { cause: error },
  );
}
