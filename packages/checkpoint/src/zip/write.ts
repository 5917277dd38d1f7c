import { crc32 } from './crc32.js';

interface Member {
  readonly name: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly headerAt: number;
}

const full16 = 0xffff;
const full32 = 0xffffffff;
/** 1 January 1980, the first day a zip archive knows: equal content gives equal files. */
const firstDay = 0x21;
const utf8Names = 0x0800;

/**
 * Plans a zip archive of members stored as they are, one after the other, with the 64-bit extension where a size, a
 * place or the count needs it. It only makes the bytes around the data; the caller writes them in turn:
 * `head(name, data)`, the data, …, `end()`.
 */
export class ZipPlan {
  private readonly members: Member[] = [];
  private at = 0;

  /** @param align data of every member begins at a multiple of this; PyTorch takes 64. */
  constructor(
    private readonly align = 1,
    private readonly checksum: (bytes: Uint8Array) => number = crc32,
  ) {}

  /** What comes before the data of the next member. */
  head(memberName: string, data: Uint8Array): Uint8Array {
    const name = new TextEncoder().encode(memberName);
    return this.headOf({ name, size: data.length, crc: this.checksum(data), headerAt: this.at });
  }

  private headOf(member: Member): Uint8Array {
    const { name, size, crc, headerAt } = member;
    const wide = size >= full32 ? wideField([size, size]) : new Uint8Array(0);
    const unpadded = headerAt + 30 + name.length + wide.length;
    // An extra field of PyTorch's own name, FB, that holds nothing: 4 bytes and as many as are lacking.
    const padding = unpadded % this.align === 0 ? 0 : 4 + ((this.align - ((unpadded + 4) % this.align)) % this.align);
    const head = new Uint8Array(30 + name.length + wide.length + padding);
    const view = new DataView(head.buffer);
    view.setUint32(0, 0x04034b50, true);
    view.setUint16(4, wide.length ? 45 : 20, true);
    view.setUint16(6, utf8Names, true);
    view.setUint16(12, firstDay, true);
    view.setUint32(14, crc, true);
    view.setUint32(18, Math.min(size, full32), true);
    view.setUint32(22, Math.min(size, full32), true);
    view.setUint16(26, name.length, true);
    view.setUint16(28, wide.length + padding, true);
    head.set(name, 30);
    head.set(wide, 30 + name.length);
    if (padding) {
      const field = 30 + name.length + wide.length;
      view.setUint16(field, 0x4246, true);
      view.setUint16(field + 2, padding - 4, true);
    }
    this.members.push(member);
    this.at += head.length + size;
    return head;
  }

  /** The directory, behind the data of the last member. */
  end(): Uint8Array {
    const entries = this.members.map(directoryEntry);
    const size = entries.reduce((sum, entry) => sum + entry.length, 0);
    const end = endRecords(this.members.length, size, this.at);
    const all = new Uint8Array(size + end.length);
    let at = 0;
    for (const entry of [...entries, end]) {
      all.set(entry, at);
      at += entry.length;
    }
    return all;
  }
}

/** The extra field of 64-bit values. */
function wideField(values: readonly number[]): Uint8Array {
  const field = new Uint8Array(4 + 8 * values.length);
  const view = new DataView(field.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, 8 * values.length, true);
  for (const [i, value] of values.entries()) view.setBigUint64(4 + 8 * i, BigInt(value), true);
  return field;
}

function directoryEntry({ name, size, crc, headerAt }: Member): Uint8Array {
  const values = [...(size >= full32 ? [size, size] : []), ...(headerAt >= full32 ? [headerAt] : [])];
  const wide = values.length ? wideField(values) : new Uint8Array(0);
  const entry = new Uint8Array(46 + name.length + wide.length);
  const view = new DataView(entry.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, wide.length ? 45 : 20, true);
  view.setUint16(6, wide.length ? 45 : 20, true);
  view.setUint16(8, utf8Names, true);
  view.setUint16(14, firstDay, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, Math.min(size, full32), true);
  view.setUint32(24, Math.min(size, full32), true);
  view.setUint16(28, name.length, true);
  view.setUint16(30, wide.length, true);
  view.setUint32(42, Math.min(headerAt, full32), true);
  entry.set(name, 46);
  entry.set(wide, 46 + name.length);
  return entry;
}

function endRecords(count: number, size: number, at: number): Uint8Array {
  const wide = count >= full16 || size >= full32 || at >= full32;
  const end = new Uint8Array((wide ? 76 : 0) + 22);
  const view = new DataView(end.buffer);
  if (wide) {
    view.setUint32(0, 0x06064b50, true);
    view.setBigUint64(4, 44n, true);
    view.setUint16(12, 45, true);
    view.setUint16(14, 45, true);
    for (const [i, value] of [count, count, size, at].entries()) view.setBigUint64(24 + 8 * i, BigInt(value), true);
    view.setUint32(56, 0x07064b50, true);
    view.setBigUint64(64, BigInt(at + size), true);
    view.setUint32(72, 1, true);
  }
  const short = end.length - 22;
  view.setUint32(short, 0x06054b50, true);
  view.setUint16(short + 8, Math.min(count, full16), true);
  view.setUint16(short + 10, Math.min(count, full16), true);
  view.setUint32(short + 12, Math.min(size, full32), true);
  view.setUint32(short + 16, Math.min(at, full32), true);
  return end;
}
