import { limits } from './limits.js';
import type { Refuse } from './rebuild.js';

/** The stack, the marks and the memo of the pickle machine, each with its limit. What changes them returns true. */
export class PickleStack {
  private items: unknown[] = [];
  private readonly marked: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(private readonly refuse: Refuse) {}

  /** The one value that is left at the end. */
  result(): unknown {
    if (this.items.length !== 1 || this.marked.length > 0)
      this.refuse(`expected one value at the end, got ${this.items.length} and ${this.marked.length} open marks.`);
    return this.items[0];
  }

  push(value: unknown): true {
    if (this.items.length >= limits.stack)
      this.refuse(`expected at most ${limits.stack} values on the stack. The file is hostile.`);
    this.items.push(value);
    return true;
  }

  top(): unknown {
    return this.items.length > 0 ? this.items.at(-1) : this.refuse('expected a value on the stack, got none.');
  }

  pop(): unknown {
    const value = this.top();
    this.items.pop();
    return value;
  }

  popMany(count: number): unknown[] {
    if (this.items.length < count) this.refuse(`expected ${count} values on the stack, got ${this.items.length}.`);
    return this.items.splice(this.items.length - count);
  }

  mark(): true {
    if (this.marked.length >= limits.marks)
      this.refuse(`expected at most ${limits.marks} open marks. The file is hostile.`);
    this.marked.push(this.items);
    this.items = [];
    return true;
  }

  /** Everything above the last mark. */
  popMark(): unknown[] {
    const items = this.items;
    this.items = this.marked.pop() ?? this.refuse('expected an open mark, got none.');
    return items;
  }

  /** POP: a value, or (as in Python) the mark when nothing is above it. */
  drop(): true {
    if (this.items.length > 0) this.items.pop();
    else this.popMark();
    return true;
  }

  put(index = this.memo.size): true {
    if (this.memo.size >= limits.stack)
      this.refuse(`expected at most ${limits.stack} values in the memo. The file is hostile.`);
    this.memo.set(index, this.top());
    return true;
  }

  get(index: number): true {
    if (!this.memo.has(index)) this.refuse(`expected a value in the memo at ${index}, got none.`);
    return this.push(this.memo.get(index));
  }
}
