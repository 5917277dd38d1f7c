import { show } from '../errors.js';
import { PyTorchError } from './error.js';
import { limits } from './limits.js';
import { isTuple } from './values.js';

/**
 * Plain data that a pickle can hold: numbers that are whole become int, others float; arrays become lists, frozen ones
 * tuples; Maps and plain objects become dicts.
 */
export type Pickleable =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Pickleable[]
  | ReadonlyMap<Pickleable, Pickleable>
  | { readonly [key: string]: Pickleable };

/** Pairs that Python's own pickler writes between two SETITEMS. */
const batch = 1000;

/** Writes a pickle of protocol 2 with the opcodes that PyTorch's restricted unpickler knows, too. */
export class PickleWriter {
  private bytes = new Uint8Array(1 << 12);
  private at = 0;
  private readonly memo = new Map<string, number>();

  /** @param label name of the file for errors. */
  constructor(private readonly label: string) {
    this.byte(0x80, 2); // PROTO
  }

  finish(): Uint8Array {
    this.byte(0x2e); // STOP
    return this.bytes.slice(0, this.at);
  }

  /** Opcodes as they are. */
  byte(...codes: number[]): void {
    for (const code of codes) {
      this.reserve(1);
      this.bytes[this.at++] = code;
    }
  }

  /** GLOBAL, or BINGET where it was written before. */
  global(module: string, name: string): void {
    const key = `${module}\n${name}\n`;
    const known = this.memo.get(key);
    if (known !== undefined) this.byte(0x68, known);
    else {
      this.byte(0x63);
      this.raw(new TextEncoder().encode(key));
      this.byte(0x71, this.memo.size); // BINPUT: there are some twenty names at most
      this.memo.set(key, this.memo.size);
    }
  }

  /** BINUNICODE */
  text(value: string): void {
    if (/\p{Surrogate}/u.test(value)) this.refuse(`expected Unicode text, got ${show(value)}. Correct it.`);
    const utf8 = new TextEncoder().encode(value);
    this.byte(0x58);
    this.number(4, (view) => view.setUint32(0, utf8.length, true));
    this.raw(utf8);
  }

  /** int: BININT1, BININT or LONG1. */
  integer(value: number | bigint): void {
    if (value >= 0 && value < 256) this.byte(0x4b, Number(value));
    else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.byte(0x4a);
      this.number(4, (view) => view.setInt32(0, Number(value), true));
    } else {
      const big = BigInt(value);
      let length = 1;
      while (BigInt.asIntN(8 * length, big) !== big) length++;
      if (length > 255) this.refuse(`expected an integer of at most 255 bytes, got ${show(big)}.`);
      this.byte(0x8a, length);
      for (let i = 0; i < length; i++) this.byte(Number((big >> BigInt(8 * i)) & 255n));
    }
  }

  /** A tuple: `write` pushes its items. */
  tuple(write: () => void): void {
    this.byte(0x28);
    write();
    this.byte(0x74);
  }

  /** Fills the dict on the stack: `write` pushes key and value of one entry. */
  items<T>(entries: Iterable<T>, write: (entry: T) => void): void {
    let open = 0;
    for (const entry of entries) {
      if (open === 0) this.byte(0x28); // MARK
      write(entry);
      if (++open === batch) this.byte(0x75); // SETITEMS
      open %= batch;
    }
    if (open > 0) this.byte(0x75);
  }

  /** Any plain data. @throws PyTorchError for anything else, and for data that is nested too deep or contains itself. */
  value(value: unknown, depth = 0): void {
    if (depth > limits.depth / 2)
      this.refuse(`expected at most ${limits.depth / 2} levels of nesting. Does it contain itself?`);
    if (value === null || value === undefined) this.byte(0x4e);
    else if (typeof value === 'boolean') this.byte(value ? 0x88 : 0x89);
    else if (typeof value === 'bigint' || Number.isSafeInteger(value)) this.integer(value as number);
    else if (typeof value === 'number') {
      this.byte(0x47);
      this.number(8, (view) => view.setFloat64(0, value, false));
    } else if (typeof value === 'string') this.text(value);
    else if (Array.isArray(value)) this.array(value, depth);
    else if (value instanceof Map || isPlain(value)) {
      this.byte(0x7d);
      this.items(value instanceof Map ? value : Object.entries(value), ([key, item]) => {
        this.value(key, depth + 1);
        this.value(item, depth + 1);
      });
    } else this.refuse(`expected plain data, got ${show(value)}. Leave it out, or turn it into text.`);
  }

  private array(value: readonly unknown[], depth: number): void {
    const each = () => {
      for (const item of value) this.value(item, depth + 1);
    };
    if (isTuple(value)) this.tuple(each);
    else {
      this.byte(0x5d, 0x28); // EMPTY_LIST, MARK
      each();
      this.byte(0x65); // APPENDS
    }
  }

  private refuse(message: string): never {
    throw new PyTorchError(message, { file: this.label });
  }

  private number(size: number, set: (view: DataView) => void): void {
    this.reserve(size);
    set(new DataView(this.bytes.buffer, this.at));
    this.at += size;
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  private reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.at + count));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
