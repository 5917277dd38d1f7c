import { show } from '../errors.js';
import { PyTorchError } from './error.js';
import { limits } from './limits.js';

/** Reads the operands of a pickle. No length is believed before the bytes are there. */
export class PickleCursor {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Where the current opcode stands. */
  opcodeAt = 0;

  constructor(
    bytes: Uint8Array,
    private readonly label: string,
    /** Where `bytes` begin in the file. */
    private readonly base: number,
    /** Next byte to be read. */
    public at = 0,
  ) {
    this.bytes = bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes); // decoders refuse shared memory
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  readonly refuse = (message: string): never => {
    throw new PyTorchError(`pickle: ${message}`, { file: this.label, offset: this.base + this.opcodeAt });
  };

  private advance(length: number): number {
    const start = this.at;
    if (!(length <= this.bytes.length - start))
      this.refuse(
        `expected ${length} more bytes, got ${this.bytes.length - start}: cut off, or a length that is a lie.`,
      );
    this.at += length;
    return start;
  }

  opcode(): number {
    this.opcodeAt = this.at;
    return this.view.getUint8(this.advance(1));
  }
  uint8 = (): number => this.view.getUint8(this.advance(1));
  uint16 = (): number => this.view.getUint16(this.advance(2), true);
  int32 = (): number => this.view.getInt32(this.advance(4), true);
  uint32 = (): number => this.view.getUint32(this.advance(4), true);
  float64 = (): number => this.view.getFloat64(this.advance(8), false);

  /** An eight-byte length; what is no safe integer is above every file's size as well. */
  length64 = (): number => Number(this.view.getBigUint64(this.advance(8), true));

  /** A frame must be there in full, and is no more than a hint for readers of streams. */
  frame(): true {
    const length = this.length64();
    this.advance(length);
    this.at -= length;
    return true;
  }

  /** A four-byte length of a kind that Python reads as signed. */
  length31(): number {
    const length = this.int32();
    return length >= 0 ? length : this.refuse(`expected a length, got ${length}.`);
  }

  /** A copy: what the value keeps must not hold the whole file. */
  blob = (length: number): Uint8Array => new Uint8Array(this.bytes.subarray(this.advance(length), this.at));

  text(length: number): string {
    const start = this.advance(length);
    return this.decode(start, this.at);
  }

  /** A line of a GLOBAL. */
  line(): string {
    const end = this.bytes.subarray(this.at, this.at + limits.nameBytes).indexOf(10);
    if (end < 0) this.refuse(`expected the name of a global in at most ${limits.nameBytes} bytes, got no end of line.`);
    const start = this.advance(end + 1);
    return this.decode(start, start + end);
  }

  private decode(start: number, end: number): string {
    try {
      return this.utf8.decode(this.bytes.subarray(start, end));
    } catch {
      return this.refuse(`expected text in UTF-8, got ${show(this.bytes.subarray(start, end))} of something else.`);
    }
  }

  /** A little-endian integer in two's complement: a number where that is exact. */
  integer(length: number): number | bigint {
    if (length > limits.longBytes)
      this.refuse(`expected an integer of at most ${limits.longBytes} bytes, got ${length}.`);
    let value = 0n;
    const start = this.advance(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i] as number);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }
}
