import { show } from '../errors.js';
import { PickleCursor } from './cursor.js';
import { type CallContext, callGlobal, newObject, resolveGlobal } from './globals.js';
import { limits } from './limits.js';
import { buildNumpyArray, buildNumpyDType } from './numpy.js';
import type { TensorFactory } from './rebuild.js';
import { PickleStack } from './stack.js';
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
  return { value: machine.stack.result(), end: cursor.at };
}

class Machine {
  readonly stack: PickleStack;
  private objects = 0;
  private readonly context: CallContext;

  constructor(
    private readonly cursor: PickleCursor,
    private readonly options: PickleOptions,
  ) {
    this.stack = new PickleStack(cursor.refuse);
    this.context = { tensors: options.tensors, refuse: cursor.refuse, spend: (count) => this.spend(count) };
  }

  /** Runs one opcode; false at STOP. Codes and names as in Python's pickletools. */
  step(code: number): boolean {
    const { cursor } = this;
    switch (code) {
      case 0x2e: // STOP
        return false;
      case 0x95: // FRAME: only a hint for readers of streams
        return cursor.frame();
      case 0x28: // MARK
        return this.stack.mark();
      case 0x30: // POP
        return this.stack.drop();
      case 0x31: // POP_MARK
        this.stack.popMark();
        return true;
      case 0x32: // DUP
        return this.stack.push(this.stack.top());
      case 0x71: // BINPUT
        return this.stack.put(cursor.uint8());
      case 0x72: // LONG_BINPUT
        return this.stack.put(cursor.uint32());
      case 0x94: // MEMOIZE
        return this.stack.put();
      case 0x68: // BINGET
        return this.stack.get(cursor.uint8());
      case 0x6a: // LONG_BINGET
        return this.stack.get(cursor.uint32());
      case 0x63: {
        // GLOBAL
        const module = cursor.line();
        return this.stack.push(this.global(module, cursor.line()));
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = this.stack.pop();
        return this.stack.push(this.global(this.stack.pop(), name));
      }
      case 0x52: {
        // REDUCE
        const args = this.stack.pop();
        return this.made(callGlobal(this.stack.pop(), args, this.context));
      }
      case 0x81: {
        // NEWOBJ
        const args = this.stack.pop();
        return this.made(newObject(this.stack.pop(), args, this.options.classes, this.context));
      }
      case 0x62: // BUILD
        return this.build(this.stack.pop());
      case 0x51: // BINPERSID
        return this.made(this.persistent(this.stack.pop()));
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
        return this.stack.push(null);
      case 0x88: // NEWTRUE
        return this.stack.push(true);
      case 0x89: // NEWFALSE
        return this.stack.push(false);
      case 0x4b: // BININT1
        return this.stack.push(cursor.uint8());
      case 0x4d: // BININT2
        return this.stack.push(cursor.uint16());
      case 0x4a: // BININT
        return this.stack.push(cursor.int32());
      case 0x8a: // LONG1
        return this.stack.push(cursor.integer(cursor.uint8()));
      case 0x8b: // LONG4
        return this.stack.push(cursor.integer(cursor.length31()));
      case 0x47: // BINFLOAT
        return this.stack.push(cursor.float64());
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING, of Python 2
        return this.stack.push(cursor.text(cursor.uint8()));
      case 0x58: // BINUNICODE
        return this.stack.push(cursor.text(cursor.uint32()));
      case 0x8d: // BINUNICODE8
        return this.stack.push(cursor.text(cursor.length64()));
      case 0x54: // BINSTRING, of Python 2
        return this.stack.push(cursor.text(cursor.length31()));
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
        return this.stack.push(emptyTuple);
      case 0x7d: // EMPTY_DICT
        return this.made(new PickleDict());
      case 0x8f: // EMPTY_SET
        return this.made(new Set());
      case 0x6c: // LIST
        return this.made(this.stack.popMark());
      case 0x74: // TUPLE
        return this.made(Object.freeze(this.stack.popMark()));
      case 0x85: // TUPLE1 to 3
      case 0x86:
      case 0x87:
        return this.made(Object.freeze(this.stack.popMany(code - 0x84)));
      case 0x64: {
        // DICT
        const items = this.stack.popMark();
        this.made(new PickleDict());
        return this.setItems(items);
      }
      case 0x91: // FROZENSET
        return this.made(new Set(this.stack.popMark()));
      case 0x61: // APPEND
        return this.append([this.stack.pop()]);
      case 0x65: // APPENDS
        return this.append(this.stack.popMark());
      case 0x90: {
        // ADDITEMS
        const items = this.stack.popMark();
        const set = this.stack.top();
        if (!(set instanceof Set)) return this.cursor.refuse(`expected a set to add to, got ${show(set)}.`);
        for (const item of items) set.add(item);
        return true;
      }
      case 0x73: // SETITEM
        return this.setItems(this.stack.popMany(2));
      case 0x75: // SETITEMS
        return this.setItems(this.stack.popMark());
      default:
        return false;
    }
  }

  private append(items: unknown[]): true {
    const list = this.stack.top();
    if (!isList(list)) return this.cursor.refuse(`expected a list to append to, got ${show(list)}.`);
    for (const item of items) list.push(item as PickleValue);
    return true;
  }

  private setItems(items: unknown[]): true {
    const target = this.stack.top();
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
    const target = this.stack.top();
    if (target instanceof PickleObject && target.className === 'numpy.dtype') buildNumpyDType(state, refuse);
    else if (target instanceof PickleObject && target.className === 'numpy.ndarray')
      buildNumpyArray(target, state, refuse);
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
    return this.stack.push(value);
  }
}
