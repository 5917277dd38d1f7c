import { show } from '../errors.js';
import { PickleCursor } from './cursor.js';
import { type CallContext, callGlobal, newObject, resolveGlobal } from './globals.js';
import { limits } from './limits.js';
import { buildNumpyDType } from './numpy.js';
import type { TensorFactory } from './rebuild.js';
import { TorchTensor } from './tensor.js';
import { isList, isTuple, PickleDict, PickleName, PickleObject, type PickleValue } from './values.js';

export interface PickleOptions {
  /** Name for errors. */
  readonly label: string;
  /** Where the bytes begin in the file. */
  readonly base: number;
  /** Where in the bytes the pickle begins. */
  readonly start?: number;
  readonly tensors: TensorFactory;
  /** Classes to read as attribute trees beside those always read so. */
  readonly classes: ReadonlySet<string>;
}

const emptyTuple: readonly PickleValue[] = Object.freeze([]);

/**
 * Reads one pickle of protocol 2 to 5 with an own machine: it knows the opcodes below, and of all of Python only the
 * names in globals.ts. It has no recursion and every step costs a bounded amount, so a pickle can take no more time or
 * memory than a fixed multiple of its own length.
 * @returns the value, unchecked for depth, and where the pickle ended.
 * @throws PyTorchError
 */
export function readPickle(
  bytes: Uint8Array,
  options: PickleOptions,
): { readonly value: unknown; readonly end: number } {
  const cursor = new PickleCursor(bytes, options.label, options.base, options.start);
  if (cursor.opcode() !== 0x80) cursor.refuse('expected a pickle of protocol 2 to 5. This is no PyTorch checkpoint.');
  const protocol = cursor.uint8();
  if (protocol < 2 || protocol > 5) cursor.refuse(`expected protocol 2 to 5, got ${protocol}.`);
  const machine = new Machine(cursor, options);
  while (machine.step(cursor.opcode()));
  return { value: machine.result(), end: cursor.at };
}

class Machine {
  private stack: unknown[] = [];
  private readonly marked: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();
  private objects = 0;
  private readonly context: CallContext;

  constructor(
    private readonly cursor: PickleCursor,
    private readonly options: PickleOptions,
  ) {
    this.context = { tensors: options.tensors, refuse: cursor.refuse, spend: (count) => this.spend(count) };
  }

  result(): unknown {
    if (this.stack.length !== 1 || this.marked.length > 0)
      this.cursor.refuse(
        `expected one value at the end, got ${this.stack.length} and ${this.marked.length} open marks.`,
      );
    return this.stack[0];
  }

  /** Runs one opcode; false at STOP. Codes and names as in Python's pickletools. */
  step(code: number): boolean {
    const { cursor } = this;
    switch (code) {
      case 0x2e: // STOP
        return false;
      case 0x95: // FRAME: only a hint for readers of streams
        cursor.length64();
        return true;
      case 0x28: // MARK
        if (this.marked.length >= limits.marks)
          cursor.refuse(`expected at most ${limits.marks} open marks. The file is hostile.`);
        this.marked.push(this.stack);
        this.stack = [];
        return true;
      case 0x30: // POP; with nothing above the mark it takes the mark, as in Python
        if (this.stack.length > 0) this.stack.pop();
        else this.popMark();
        return true;
      case 0x31: // POP_MARK
        this.popMark();
        return true;
      case 0x32: // DUP
        return this.push(this.top());
      case 0x71: // BINPUT
        return this.put(cursor.uint8());
      case 0x72: // LONG_BINPUT
        return this.put(cursor.uint32());
      case 0x94: // MEMOIZE
        return this.put(this.memo.size);
      case 0x68: // BINGET
        return this.get(cursor.uint8());
      case 0x6a: // LONG_BINGET
        return this.get(cursor.uint32());
      case 0x63: {
        // GLOBAL
        const module = cursor.line();
        return this.push(this.global(module, cursor.line()));
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = this.pop();
        return this.push(this.global(this.pop(), name));
      }
      case 0x52: {
        // REDUCE
        const args = this.pop();
        return this.made(callGlobal(this.pop(), args, this.context));
      }
      case 0x81: {
        // NEWOBJ
        const args = this.pop();
        return this.made(newObject(this.pop(), args, this.options.classes, this.context));
      }
      case 0x62: // BUILD
        return this.build(this.pop());
      case 0x51: // BINPERSID
        return this.made(this.persistent(this.pop()));
      default:
        return (
          this.scalar(code) ||
          this.container(code) ||
          cursor.refuse(`the opcode 0x${code.toString(16)} is not read. PyTorch writes none.`)
        );
    }
  }

  private scalar(code: number): boolean {
    const { cursor } = this;
    switch (code) {
      case 0x4e: // NONE
        return this.push(null);
      case 0x88: // NEWTRUE
        return this.push(true);
      case 0x89: // NEWFALSE
        return this.push(false);
      case 0x4b: // BININT1
        return this.push(cursor.uint8());
      case 0x4d: // BININT2
        return this.push(cursor.uint16());
      case 0x4a: // BININT
        return this.push(cursor.int32());
      case 0x8a: // LONG1
        return this.push(cursor.integer(cursor.uint8()));
      case 0x8b: // LONG4
        return this.push(cursor.integer(cursor.length31()));
      case 0x47: // BINFLOAT
        return this.push(cursor.float64());
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING, of Python 2
        return this.push(cursor.text(cursor.uint8()));
      case 0x58: // BINUNICODE
        return this.push(cursor.text(cursor.uint32()));
      case 0x8d: // BINUNICODE8
        return this.push(cursor.text(cursor.length64()));
      case 0x54: // BINSTRING, of Python 2
        return this.push(cursor.text(cursor.length31()));
      case 0x43: // SHORT_BINBYTES
        return this.made(cursor.blob(cursor.uint8()));
      case 0x42: // BINBYTES
        return this.made(cursor.blob(cursor.uint32()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.made(cursor.blob(cursor.length64()));
      default:
        return false;
    }
  }

  private container(code: number): boolean {
    switch (code) {
      case 0x5d: // EMPTY_LIST
        return this.made([]);
      case 0x29: // EMPTY_TUPLE
        return this.push(emptyTuple);
      case 0x7d: // EMPTY_DICT
        return this.made(new PickleDict());
      case 0x8f: // EMPTY_SET
        return this.made(new Set());
      case 0x6c: // LIST
        return this.made(this.popMark());
      case 0x74: // TUPLE
        return this.made(Object.freeze(this.popMark()));
      case 0x85: // TUPLE1 to 3
      case 0x86:
      case 0x87:
        return this.made(Object.freeze(this.popMany(code - 0x84)));
      case 0x64: {
        // DICT
        const items = this.popMark();
        this.made(new PickleDict());
        return this.setItems(items);
      }
      case 0x91: // FROZENSET
        return this.made(new Set(this.popMark()));
      case 0x61: // APPEND
        return this.append([this.pop()]);
      case 0x65: // APPENDS
        return this.append(this.popMark());
      case 0x90: {
        // ADDITEMS
        const items = this.popMark();
        const set = this.top();
        if (!(set instanceof Set)) return this.cursor.refuse(`expected a set to add to, got ${show(set)}.`);
        for (const item of items) set.add(item);
        return true;
      }
      case 0x73: // SETITEM
        return this.setItems(this.popMany(2));
      case 0x75: // SETITEMS
        return this.setItems(this.popMark());
      default:
        return false;
    }
  }

  private append(items: unknown[]): true {
    const list = this.top();
    if (!isList(list)) return this.cursor.refuse(`expected a list to append to, got ${show(list)}.`);
    for (const item of items) list.push(item as PickleValue);
    return true;
  }

  private setItems(items: unknown[]): true {
    const target = this.top();
    const dict = target instanceof PickleObject ? target.items : target;
    if (!(dict instanceof PickleDict) || items.length % 2 !== 0)
      return this.cursor.refuse(`expected pairs for a dict, got ${items.length} values for ${show(target)}.`);
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (isList(key) || key instanceof Map || key instanceof Set)
        this.cursor.refuse(`expected a key that Python can hash, got ${show(key)}.`);
      dict.set(key as PickleValue, items[i + 1] as PickleValue);
    }
    return true;
  }

  /** Sets attributes. Objects are made here, so no `__setstate__` is known, let alone run. */
  private build(state: unknown): true {
    const { refuse } = this.cursor;
    const target = this.top();
    if (target instanceof PickleObject && target.className === 'numpy.dtype') buildNumpyDType(state, refuse);
    else if (target instanceof PickleDict && state instanceof PickleDict) target.attributes = state;
    else if (target instanceof PickleObject && state instanceof PickleDict) {
      this.spend(state.size);
      for (const [key, value] of state) {
        if (typeof key !== 'string') return refuse(`expected attribute names as text, got ${show(key)}.`);
        target.attributes.set(key, value);
      }
    } else
      refuse(
        `expected attributes for an object, got ${show(state)} for ${target instanceof TorchTensor ? 'a tensor' : show(target)}.`,
      );
    return true;
  }

  private global(module: unknown, name: unknown): PickleName {
    if (typeof module !== 'string' || typeof name !== 'string')
      return this.cursor.refuse(`expected the name of a global as text, got ${show(module)} and ${show(name)}.`);
    return resolveGlobal(module, name, this.options.classes, this.cursor.refuse);
  }

  /** A storage, or in the legacy format a class with its source text (which is dropped). */
  private persistent(id: unknown): unknown {
    if (isTuple(id)) {
      const name = id[1] instanceof PickleName ? id[1].name : undefined;
      if (id[0] === 'storage') return this.options.tensors.storage(id, name, this.cursor.refuse);
      if (id[0] === 'module' && name !== undefined) return id[1];
    }
    return this.cursor.refuse(`expected a storage or a class as persistent id, got ${show(id)}.`);
  }

  private spend(count: number): void {
    this.objects += count;
    if (this.objects > limits.objects)
      this.cursor.refuse(`expected at most ${limits.objects} objects and copies. The file is hostile.`);
  }

  private made(value: unknown): true {
    this.spend(1);
    return this.push(value);
  }

  private push(value: unknown): true {
    if (this.stack.length >= limits.stack)
      this.cursor.refuse(`expected at most ${limits.stack} values on the stack. The file is hostile.`);
    this.stack.push(value);
    return true;
  }

  private top(): unknown {
    return this.stack.length > 0
      ? this.stack[this.stack.length - 1]
      : this.cursor.refuse('expected a value on the stack, got none.');
  }

  private pop(): unknown {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popMany(count: number): unknown[] {
    if (this.stack.length < count)
      this.cursor.refuse(`expected ${count} values on the stack, got ${this.stack.length}.`);
    return this.stack.splice(this.stack.length - count);
  }

  private popMark(): unknown[] {
    const items = this.stack;
    this.stack = this.marked.pop() ?? this.cursor.refuse('expected an open mark, got none.');
    return items;
  }

  private put(index: number): true {
    if (this.memo.size >= limits.stack)
      this.cursor.refuse(`expected at most ${limits.stack} values in the memo. The file is hostile.`);
    this.memo.set(index, this.top());
    return true;
  }

  private get(index: number): true {
    if (!this.memo.has(index)) this.cursor.refuse(`expected a value in the memo at ${index}, got none.`);
    return this.push(this.memo.get(index));
  }
}
