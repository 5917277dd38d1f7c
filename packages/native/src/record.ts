import { NativeError } from './errors.js';

/** What a wheel's RECORD says of one file. */
export interface RecordedFile {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
}

/**
 * Reads a wheel's RECORD: CSV lines of path, `sha256=` and unpadded URL-safe base64, size. Files without a hash (RECORD
 * itself, signatures) are left out.
 *
 * @throws NativeError `BAD_WHEEL` on a line that is not of this form, a weaker hash, or a path listed twice
 */
export function parseRecord(text: string, wheel: string): Map<string, RecordedFile> {
  const files = new Map<string, RecordedFile>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (line === '') return;
    const refuse = (why: string) =>
      new NativeError(
        'BAD_WHEEL',
        `native: ${wheel}: RECORD line ${index + 1}: ${why}, got ${JSON.stringify(line.slice(0, 120))}. Take the wheel from the index again.`,
      );
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*)),([^,]*),(\d*)$/.exec(line);
    if (!match) throw refuse('expected path,hash,size');
    const path = match[1]?.replaceAll('""', '"') ?? match[2] ?? '';
    const [, , , hash = '', size = ''] = match;
    if (hash === '') return;
    if (!/^sha256=[\w-]{43}$/.test(hash) || size === '') throw refuse('expected a sha256 and a size');
    if (files.has(path)) throw refuse('expected each file once');
    files.set(path, { sha256: Buffer.from(hash.slice(7), 'base64url').toString('hex'), size: Number(size) });
  });
  return files;
}
