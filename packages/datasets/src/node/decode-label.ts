import { type DecodedPng, decode } from 'fast-png';
import { DatasetError } from '../errors.js';
import type { ReadOptions } from '../source.js';
import type { LabelMap } from '../types.js';
import { defaultMaxPixels, reason } from './decode-image.js';

/**
 * An index PNG (grey, 1..16 bits a pixel) → its ids, [H, W]. A palette PNG only with `acceptPalettePng`; then its indices.
 * @throws DatasetError `unreadable-label`, `too-large`, `palette-png` or `wrong-channels`.
 */
export function decodeLabel(bytes: Uint8Array, file: string, options: ReadOptions = {}): LabelMap {
  const { palette, channels, depth, data, width, height } = decodePng(bytes, file, options.maxPixels);
  if (palette && !options.acceptPalettePng)
    throw new DatasetError(
      'palette-png',
      `${file}: expected an index PNG (grey), got a palette PNG with ${palette.length} colours. ` +
        'If its palette indices are the class ids, pass acceptPalettePng: true (gss: --palette-png); otherwise convert its colours to ids.',
      file,
    );
  if (channels !== 1)
    throw new DatasetError(
      'wrong-channels',
      `${file}: expected an index PNG of 1 channel, got ${channels} channels (a colour picture?). Convert its colours to class ids.`,
      file,
    );
  if (depth === 16) return { data: data as Uint16Array, width, height };
  return { data: depth === 8 ? (data as Uint8Array) : unpack(data as Uint8Array, width, height, depth), width, height };
}

/** A PNG file as stored, its checksums and its size checked. */
export function decodePng(bytes: Uint8Array, file: string, maxPixels = defaultMaxPixels): DecodedPng {
  const { width, height } = pngSize(bytes, file);
  if (width * height > maxPixels)
    throw new DatasetError(
      'too-large',
      `${file}: ${width}×${height} pixels exceed the limit of ${maxPixels}. Raise maxPixels if the file is trusted.`,
      file,
    );
  try {
    return decode(bytes, { checkCrc: true });
  } catch (cause) {
    throw new DatasetError(
      'unreadable-label',
      `${file}: the PNG is damaged or truncated (${reason(cause)}; ${bytes.length} bytes). Fetch the file again.`,
      file,
      { cause },
    );
  }
}

/** Width and height as the header claims them, before anything is allocated. */
function pngSize(bytes: Uint8Array, file: string): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(0) !== 0x89504e47 || view.getUint32(12) !== 0x49484452)
    throw new DatasetError(
      'unreadable-label',
      `${file}: expected a PNG, got ${bytes.length} bytes that are none. Labels must be lossless: JPEG cannot hold ids.`,
      file,
    );
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** 1, 2 or 4 bits a pixel, each row padded to a byte → one byte a pixel. */
function unpack(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  if (packed.length === width * height) return packed;
  const out = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      out[y * width + x] = (packed[y * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask;
    }
  return out;
}
