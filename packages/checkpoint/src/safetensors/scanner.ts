/**
 * A cursor over a safetensors header. The header has one fixed form (objects two deep, strings, arrays of integers), so
 * it is read directly: no recursion to overflow, duplicate keys are seen (JSON.parse hides them), and every complaint
 * has its byte. What it accepts is JSON.
 */
export class HeaderScanner {
  at = 0;
  /** White space met so far, between tokens. */
  space = 0;

  constructor(
    readonly text: string,
    private readonly complain: (message: string, at: number) => never,
  ) {}

  fail(message: string, at = this.at): never {
    return this.complain(message, at);
  }

  skipSpace(): void {
    const start = this.at;
    while (this.at < this.text.length && ' \n\r\t'.includes(this.text[this.at] as string)) this.at++;
    this.space += this.at - start;
  }

  /** The next character that is no white space, not consumed; '' at the end. */
  peek(): string {
    this.skipSpace();
    return this.text[this.at] ?? '';
  }

  expect(character: string, what: string): void {
    if (this.peek() !== character) this.fail(`expected ${what}, got ${this.found()}`);
    this.at++;
  }

  /** What stands at the cursor, for a message. */
  found(): string {
    return this.at < this.text.length
      ? JSON.stringify(this.text.slice(this.at, this.at + 16))
      : 'the end of the header';
  }

  string(what: string): string {
    if (this.peek() !== '"') this.fail(`expected ${what} in double quotes, got ${this.found()}`);
    const start = this.at;
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === '\\' ? 2 : 1;
    if (end >= this.text.length) this.fail(`expected ${what} to end before the header does`);
    this.at = end + 1;
    const token = this.text.slice(start, end + 1);
    let value: string;
    try {
      value = JSON.parse(token) as string;
    } catch {
      return this.fail(`expected ${what} to be valid JSON, got ${JSON.stringify(token.slice(0, 40))}`, start);
    }
    if (/\p{Surrogate}/u.test(value)) this.fail(`expected ${what} to be Unicode, got half a surrogate pair`, start);
    return value;
  }

  /** A non-negative integer below 2^53, written plainly. */
  integer(what: string): number {
    this.skipSpace();
    const digits = /[-+.\w]*/y;
    digits.lastIndex = this.at;
    const token = digits.exec(this.text)?.[0] ?? '';
    if (!/^(?:0|[1-9]\d{0,15})$/.test(token) || !Number.isSafeInteger(Number(token)))
      this.fail(
        `expected ${what} to be an integer from 0 to 2^53 − 1, got ${token ? token.slice(0, 40) : this.found()}`,
      );
    this.at += token.length;
    return Number(token);
  }

  integers(what: string, limit: number): number[] {
    this.expect('[', `${what} as [`);
    const values: number[] = [];
    if (this.peek() === ']') this.at++;
    else
      do {
        if (values.length === limit) this.fail(`expected ${what} to have at most ${limit} numbers`);
        values.push(this.integer(what));
      } while (this.more(']', what));
    return values;
  }

  /** `{ "key": …, … }`: calls `member` with each key, the cursor before its value. A key that comes twice is refused. */
  object(what: string, member: (key: string, at: number) => void): void {
    this.expect('{', `${what} as {`);
    const seen = new Set<string>();
    if (this.peek() === '}') this.at++;
    else
      do {
        this.skipSpace();
        const at = this.at;
        const key = this.string(`a name in ${what}`);
        if (seen.has(key)) this.fail(`expected every name once in ${what}, got ${JSON.stringify(key)} twice`, at);
        seen.add(key);
        this.expect(':', `":" after ${JSON.stringify(key)}`);
        member(key, at);
      } while (this.more('}', what));
  }

  /** Consumes "," (true) or the closing bracket (false). */
  private more(close: string, what: string): boolean {
    const next = this.peek();
    if (next !== ',' && next !== close) this.fail(`expected "," or "${close}" in ${what}, got ${this.found()}`);
    this.at++;
    return next === ',';
  }
}
