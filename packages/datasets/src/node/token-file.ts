import { createHash } from 'node:crypto';

/** Tokens of one label map, row by row, integers ≥ 0. */
export interface TokenMap {
  readonly data: Int32Array;
  readonly width: number;
  readonly height: number;
}

/** 'GSST' as a number in the machine's byte order: a file of the other order is not taken. */
const magic = 0x47535354;
const headerBytes = 48;
const sumBytes = 32;

const checksum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/**
 * An entry: magic, height, width, bytes a token (2 where all are below 65,536, else 4), the key, the tokens, and the SHA-256 of
 * all that.
 * @throws RangeError for tokens below 0 or not height × width of them.
 */
export function packTokens(key: string, { data, width, height }: TokenMap): Uint8Array {
  if (data.length !== width * height)
    throw new RangeError(`token cache: ${data.length} tokens do not fill ${width}×${height}.`);
  const largest = data.reduce((a, b) => Math.max(a, b), 0);
  if (data.some((token) => token < 0)) throw new RangeError('token cache: a token is below 0.');
  const size = largest < 65536 ? 2 : 4;
  const bytes = new Uint8Array(headerBytes + size * data.length + sumBytes);
  new Uint32Array(bytes.buffer, 0, 4).set([magic, height, width, size]);
  bytes.set(Buffer.from(key, 'hex'), 16);
  (size === 2
    ? new Uint16Array(bytes.buffer, headerBytes, data.length)
    : new Int32Array(bytes.buffer, headerBytes, data.length)
  ).set(data);
  bytes.set(checksum(bytes.subarray(0, -sumBytes)), bytes.length - sumBytes);
  return bytes;
}

/** The tokens of an entry, or undefined where the bytes are not a whole entry of this key. */
export function unpackTokens(file: Uint8Array, key: string): TokenMap | undefined {
  if (file.length < headerBytes + sumBytes) return undefined;
  const bytes = file.byteOffset % 4 === 0 ? file : file.slice();
  const [found, height, width, size] = new Uint32Array(bytes.buffer, bytes.byteOffset, 4) as unknown as number[];
  const count = height! * width!;
  if (found !== magic || (size !== 2 && size !== 4) || bytes.length !== headerBytes + size * count + sumBytes)
    return undefined;
  if (!Buffer.from(key, 'hex').equals(bytes.subarray(16, headerBytes))) return undefined;
  if (!checksum(bytes.subarray(0, -sumBytes)).equals(bytes.subarray(-sumBytes))) return undefined;
  const at = bytes.byteOffset + headerBytes;
  const packed = size === 2 ? new Uint16Array(bytes.buffer, at, count) : new Int32Array(bytes.buffer, at, count);
  return { data: Int32Array.from(packed), width: width!, height: height! };
}
