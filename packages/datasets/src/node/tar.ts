/** POSIX (ustar) headers for shards of plain files: 512 bytes before each file, files padded to 512, two empty blocks at the end. */

export const tarBlock = 512;
export const tarEnd = new Uint8Array(2 * tarBlock);

/** @throws RangeError for a name over 100 bytes or a file over 8 GiB, which plain ustar cannot hold. */
export function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(tarBlock);
  const put = (text: string, at: number) => header.set(Buffer.from(text, 'latin1'), at);
  if (Buffer.byteLength(name) > 100 || size >= 8 ** 11)
    throw new RangeError(`tar: "${name}" (${size} bytes) does not fit a plain tar.`);
  put(name, 0);
  put('0000644\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${size.toString(8).padStart(11, '0')}\0`, 124);
  put('00000000000\0', 136); // no time: the same files make the same shard
  put('        ', 148);
  put('0', 156);
  put('ustar\x0000', 257);
  const sum = header.reduce((a, b) => a + b, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** Zeros that fill a file up to whole blocks. */
export const tarPadding = (size: number): Uint8Array => new Uint8Array((tarBlock - (size % tarBlock)) % tarBlock);
