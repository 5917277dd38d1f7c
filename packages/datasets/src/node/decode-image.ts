import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { DatasetError } from '../errors.js';
import type { RgbImage } from '../types.js';

export const defaultMaxPixels = 2 ** 26;

const signatures: readonly (readonly [format: string, test: (b: Uint8Array) => boolean])[] = [
  ['JPEG', (b) => b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff],
  ['PNG', (b) => b[0] === 0x89 && b[1] === 0x50 && b[2] === 0x4e && b[3] === 0x47],
  ['WebP', (b) => ascii(b, 0, 4) === 'RIFF' && ascii(b, 8, 12) === 'WEBP'],
];
const ascii = (b: Uint8Array, from: number, to: number) => String.fromCharCode(...b.subarray(from, to));

/** The bytes of a file, or a `DatasetError` (`missing-file`) that says why not. */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new DatasetError('missing-file', `${file}: cannot be read (${reason(cause)}).`, file, { cause });
  }
}

/** The first line of what a library threw. */
export function reason(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]!;
}

/**
 * A JPEG, PNG or WebP file → [H, W, 3] in 0..255, as stored: the EXIF orientation and colour profiles are not applied (the
 * label maps of every public data set fit the stored pixels), alpha is dropped, grey becomes three equal channels.
 * @throws DatasetError `unreadable-image` (also for truncated files) or `too-large`.
 */
export async function decodeImage(bytes: Uint8Array, file: string, maxPixels = defaultMaxPixels): Promise<RgbImage> {
  if (!signatures.some(([, test]) => test(bytes)))
    throw new DatasetError(
      'unreadable-image',
      `${file}: expected a JPEG, PNG or WebP picture, got ${bytes.length} bytes that begin with ${hex(bytes)}. Convert or replace the file.`,
      file,
    );
  try {
    // 'error', not sharp's default 'warning': harmless oddities (stray bytes) occur in public data sets, truncation must not pass.
    const picture = sharp(bytes, { failOn: 'error', limitInputPixels: false, ignoreIcc: true });
    const { width, height } = await picture.metadata();
    if (width * height > maxPixels)
      throw new DatasetError(
        'too-large',
        `${file}: ${width}×${height} pixels exceed the limit of ${maxPixels}. Raise maxPixels if the file is trusted.`,
        file,
      );
    const { data, info } = await picture
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels after decoding`);
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height };
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    throw new DatasetError(
      'unreadable-image',
      `${file}: the picture is damaged or truncated (${reason(cause)}; ${bytes.length} bytes). Fetch the file again.`,
      file,
      { cause },
    );
  }
}

function hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? 'nothing' : Buffer.from(bytes.subarray(0, 4)).toString('hex');
}
