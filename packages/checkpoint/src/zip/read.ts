import { quote } from '../errors.js';
import { type ByteSource, readChecked } from './source.js';

/** Members of an archive: far more than the tensors of any network. */
const maxMembers = 1_000_000;

/** A member of the archive: stored as it is, without compression. */
export interface ZipMember {
  readonly name: string;
  readonly size: number;
  /** Where its local header begins. */
  readonly headerAt: number;
  /** Where the next member or the directory begins. */
  limit: number;
}

const zip64 = 0xffffffff;
const maxTail = 22 + 65535;

/**
 * Reads the directory of a zip archive as PyTorch and NumPy write them, with or without the 64-bit extension. Small and strict
 * on purpose: compression (and with it every zip bomb), encryption, overlapping members, equal names and archives
 * behind other data are refused.
 * @param remedy how to save such a file without compression and encryption.
 * @throws the source's error
 */
export function readZipDirectory(source: ByteSource, remedy: string): Map<string, ZipMember> {
  const refuse = (message: string, offset: number): never => {
    throw new source.error(`zip: ${message}`, { file: source.label, offset });
  };
  const { at, size, count } = findDirectory(source, refuse);
  const bytes = readChecked(source, at, at + size, 'the directory of the archive');
  const view = viewOf(bytes);
  const members: ZipMember[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    const here = at + next;
    if (next + 46 > size || view.getUint32(next, true) !== 0x02014b50)
      refuse(`expected entry ${i} of ${count} in the directory. The archive is damaged.`, here);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      view.getUint16(next + field, true),
    ) as [number, number, number];
    const end = next + 46 + nameLength + extraLength + commentLength;
    if (end > size) refuse(`expected entry ${i} to end within the directory. The archive is damaged.`, here);
    const name = decodeName(bytes.subarray(next + 46, next + 46 + nameLength), () =>
      refuse('expected names in UTF-8.', here),
    );
    const extra = bytes.subarray(next + 46 + nameLength, next + 46 + nameLength + extraLength);
    const sizes = wideSizes(view, next, extra, () =>
      refuse(`${quote(name)} lacks its 64-bit sizes. The archive is damaged.`, here),
    );
    if (view.getUint16(next + 8, true) & 1) refuse(`${quote(name)} is encrypted. ${remedy}`, here);
    if (view.getUint16(next + 10, true) !== 0 || sizes.stored !== sizes.size)
      refuse(`${quote(name)} is compressed, which is not read. ${remedy}`, here);
    if (!(sizes.headerAt + 30 + nameLength + sizes.size <= at))
      refuse(`${quote(name)} claims ${sizes.size} bytes that are not there. The archive is damaged.`, here);
    members.push({ name, size: sizes.size, headerAt: sizes.headerAt, limit: at });
    next = end;
  }
  if (next !== size)
    refuse(
      `expected the directory to end after ${count} entries, got ${size - next} more bytes. The archive is damaged.`,
      at + next,
    );
  return apart(members, refuse);
}

/** Sorts by place, lets every member end before the next begins, and refuses equal names. */
function apart(members: ZipMember[], refuse: (message: string, offset: number) => never): Map<string, ZipMember> {
  const sorted = [...members].sort((a, b) => a.headerAt - b.headerAt);
  sorted.forEach((member, i) => {
    member.limit = sorted[i + 1]?.headerAt ?? member.limit;
    if (member.headerAt + 30 + member.name.length + member.size > member.limit)
      refuse(`${quote(member.name)} overlaps what follows it. The archive is damaged.`, member.headerAt);
  });
  const byName = new Map<string, ZipMember>();
  for (const member of members) {
    if (byName.has(member.name)) refuse(`${quote(member.name)} comes twice. The archive is damaged.`, member.headerAt);
    byName.set(member.name, member);
  }
  return byName;
}

/** Where the data of a member begins: behind its local header, which may be padded. @throws the source's error */
export function memberStart(source: ByteSource, { name, size, headerAt, limit }: ZipMember): number {
  const header = viewOf(readChecked(source, headerAt, headerAt + 30, 'a member of the archive'));
  const start = headerAt + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (header.getUint32(0, true) !== 0x04034b50 || !(start + size <= limit))
    throw new source.error(`zip: expected ${quote(name)} and its ${size} bytes here. The archive is damaged.`, {
      file: source.label,
      offset: headerAt,
    });
  return start;
}

function findDirectory(source: ByteSource, refuse: (message: string, offset: number) => never) {
  const tailAt = Math.max(0, source.size - maxTail);
  const tail = viewOf(source.read(tailAt, source.size));
  let end = tail.byteLength - 22;
  // The comment must fill the rest: nothing may follow the archive.
  while (
    end >= 0 &&
    !(tail.getUint32(end, true) === 0x06054b50 && end + 22 + tail.getUint16(end + 20, true) === tail.byteLength)
  )
    end--;
  if (end < 0)
    return refuse('expected the end of an archive at the end of the file. It is cut off: copy it again.', source.size);
  let [count, size, at] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  let directoryEnd = tailAt + end;
  if (end >= 20 && tail.getUint32(end - 20, true) === 0x07064b50) {
    directoryEnd = Number(tail.getBigUint64(end - 12, true));
    const record = viewOf(readChecked(source, directoryEnd, directoryEnd + 56, 'the 64-bit end of the archive'));
    if (record.getUint32(0, true) !== 0x06064b50)
      return refuse('expected the 64-bit end of the archive. It is damaged.', directoryEnd);
    [count, size, at] = [32, 40, 48].map((field) => Number(record.getBigUint64(field, true))) as [
      number,
      number,
      number,
    ];
  }
  if (at + size !== directoryEnd || !Number.isSafeInteger(directoryEnd) || count * 46 > size || count > maxMembers)
    return refuse(
      `expected a directory of ${count} entries that ends at byte ${directoryEnd}, got ${size} bytes from ${at}. The archive is damaged.`,
      tailAt + end,
    );
  return { at, size, count };
}

/** Sizes and place of an entry, from the 64-bit extra field where the short ones are full. */
function wideSizes(view: DataView, entry: number, extra: Uint8Array, missing: () => never) {
  const short = [24, 20, 42].map((field) => view.getUint32(entry + field, true)); // size, stored, header
  if (short.includes(zip64)) {
    const fields = viewOf(extra);
    let at = 0;
    while (at + 4 <= extra.length && fields.getUint16(at, true) !== 1) at += 4 + fields.getUint16(at + 2, true);
    const end = at + 4 <= extra.length ? at + 4 + fields.getUint16(at + 2, true) : 0;
    at += 4;
    for (const [i, value] of short.entries()) {
      if (value !== zip64) continue;
      if (at + 8 > Math.min(end, extra.length)) return missing();
      short[i] = Number(fields.getBigUint64(at, true));
      at += 8;
    }
  }
  const [size, stored, headerAt] = short as [number, number, number];
  return { size, stored, headerAt };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function decodeName(bytes: Uint8Array, fail: () => never): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes));
  } catch {
    return fail();
  }
}
