import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { isErrno, NativeError } from './errors.js';
import { makeFolder } from './files.js';
import { parseRecord, type RecordedFile } from './record.js';

/** A wheel's file name taken apart: `tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl`. */
export interface WheelName {
  readonly file: string;
  /** As pip writes it, with hyphens: `tensorflow-cpu`. */
  readonly distribution: string;
  readonly version: string;
  /** One or more platform tags joined by dots. */
  readonly platform: string;
}

/** @throws NativeError `BAD_WHEEL` if the name is not a wheel's */
export function parseWheelName(path: string): WheelName {
  const file = basename(path);
  const match = /^([A-Za-z0-9_.]+)-([^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-([^-]+)\.whl$/.exec(file);
  if (!match)
    throw new NativeError(
      'BAD_WHEEL',
      `native: expected a wheel (name-version-python-abi-platform.whl), got ${file}. Keep the name it has on the index.`,
    );
  const [, distribution = '', version = '', platform = ''] = match;
  return { file, distribution: distribution.replaceAll('_', '-').toLowerCase(), version, platform };
}

/** An open wheel: its members can be read one by one, each checked against RECORD as it streams by. */
export interface Wheel extends WheelName {
  readonly path: string;
  readonly zip: ZipFile;
  readonly members: ReadonlyMap<string, Entry>;
  readonly record: ReadonlyMap<string, RecordedFile>;
}

/** Runs `work` with an open wheel and closes it. @throws NativeError `BAD_WHEEL` if it is no whole zip with one RECORD */
export async function withWheel<T>(path: string, work: (wheel: Wheel) => Promise<T>): Promise<T> {
  const name = parseWheelName(path);
  const zip = await openZip(path, name.file);
  try {
    const members = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      if (members.has(entry.fileName))
        throw badWheel(name.file, `expected each file once, got ${entry.fileName} twice`);
      members.set(entry.fileName, entry);
    }
    const recordEntry = metadataMember({ ...name, members }, 'RECORD');
    const record = parseRecord(
      (await readAll(await zip.openReadStreamPromise(recordEntry))).toString('utf8'),
      name.file,
    );
    return await work({ ...name, path, zip, members, record });
  } catch (error) {
    // Everything but a system call's or our own error is the zip reader's complaint about the file's form.
    if (
      error instanceof NativeError ||
      !(error instanceof Error) ||
      isSystemError(error) ||
      error.name === 'AbortError'
    )
      throw error;
    throw badWheel(name.file, error.message, error);
  } finally {
    zip.close();
  }
}

async function openZip(path: string, file: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw badWheel(file, `there is no such file: ${path}`, error);
    if (isSystemError(error)) throw error;
    throw badWheel(file, error instanceof Error ? error.message : String(error), error);
  }
}

/** A failed system call, and not the zip reader's or zlib's complaint (which has an errno too). */
const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

const badWheel = (file: string, why: string, cause?: unknown): NativeError =>
  new NativeError('BAD_WHEEL', `native: ${file}: ${why}. Take the wheel from the index again.`, { cause });

/** The entry of a file in the wheel's `.dist-info`. */
function metadataMember({ file, members }: Pick<Wheel, 'file' | 'members'>, name: string): Entry {
  const found = [...members.values()].filter(
    ({ fileName }) => fileName.endsWith(`.dist-info/${name}`) && fileName.split('/').length === 2,
  );
  const [entry] = found;
  if (!entry || found.length > 1) throw badWheel(file, `expected one .dist-info/${name}, got ${found.length}`);
  return entry;
}

/** The wheel's METADATA, checked. */
export const readMetadata = async (wheel: Wheel): Promise<string> =>
  (await readMember(wheel, metadataMember(wheel, 'METADATA').fileName)).toString('utf8');

/** A small member's bytes, checked against RECORD. */
export async function readMember(wheel: Wheel, member: string): Promise<Buffer> {
  const { stream, recorded } = await openMember(wheel, member);
  const bytes = await readAll(stream);
  assertRecorded(wheel, member, recorded, bytes.length, createHash('sha256').update(bytes).digest('hex'));
  return bytes;
}

export interface ExtractOptions {
  readonly mode?: number;
  readonly signal?: AbortSignal | undefined;
  /** Hears the size of each chunk written. */
  readonly onChunk?: ((bytes: number) => void) | undefined;
}

/**
 * Streams one member to a new file, synced to disk.
 *
 * @returns its size and hash, which equal RECORD's
 * @throws NativeError `BAD_WHEEL` if RECORD or the zip lacks it, `HASH_MISMATCH` if the bytes differ from RECORD
 */
export async function extractMember(
  wheel: Wheel,
  member: string,
  path: string,
  options: ExtractOptions = {},
): Promise<RecordedFile> {
  const { mode = 0o644, signal, onChunk } = options;
  const { stream, recorded } = await openMember(wheel, member);
  await makeFolder(dirname(path));
  const file = await open(path, 'wx', mode);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hash.update(chunk);
      size += chunk.length;
      await file.writeFile(chunk);
      onChunk?.(chunk.length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const sha256 = hash.digest('hex');
  assertRecorded(wheel, member, recorded, size, sha256);
  return { sha256, size };
}

async function openMember(wheel: Wheel, member: string): Promise<{ stream: Readable; recorded: RecordedFile }> {
  const entry = wheel.members.get(member);
  const recorded = wheel.record.get(member);
  if (!entry) throw badWheel(wheel.file, `has no ${member}`);
  if (!recorded) throw badWheel(wheel.file, `RECORD does not vouch for ${member}`);
  return { stream: await wheel.zip.openReadStreamPromise(entry), recorded };
}

function assertRecorded({ file }: Wheel, member: string, recorded: RecordedFile, size: number, sha256: string): void {
  if (size !== recorded.size || sha256 !== recorded.sha256)
    throw new NativeError(
      'HASH_MISMATCH',
      `native: ${file}: ${member}: expected ${recorded.size} bytes with sha256 ${recorded.sha256}, got ${size} bytes with ${sha256}. The wheel was changed or damaged: nothing of it was kept.`,
    );
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
