/** Assembles pickles and archives by hand, well-formed or hostile. */
type Part = number | string | Uint8Array;

/** Bytes in sequence: numbers are opcodes, strings ASCII. */
export function bytesOf(...parts: Part[]): Uint8Array {
  const pieces = parts.map((part) =>
    typeof part === 'number' ? Uint8Array.of(part) : typeof part === 'string' ? new TextEncoder().encode(part) : part,
  );
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The same bytes again and again. */
export function repeat(count: number, part: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(count * part.length);
  for (let i = 0; i < count; i++) bytes.set(part, i * part.length);
  return bytes;
}

const little = (value: number | bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));

export const u16 = (value: number) => little(value, 2);
export const u32 = (value: number) => little(value, 4);
export const u64 = (value: number | bigint) => little(value, 8);

/** BINUNICODE */
export function text(value: string): Uint8Array {
  const utf8 = new TextEncoder().encode(value);
  return bytesOf('X', u32(utf8.length), utf8);
}
/** LONG1 */
export const long = (value: number | bigint): Uint8Array => bytesOf(0x8a, 9, little(value, 8), value < 0 ? 255 : 0);
export const list = (...items: Uint8Array[]): Uint8Array => bytesOf('](', ...items, 'e');
export const tuple = (...items: Uint8Array[]): Uint8Array => bytesOf('(', ...items, 't');
export const dict = (...pairs: Uint8Array[]): Uint8Array => bytesOf('}(', ...pairs, 'u');
export const global = (module: string, name: string): Uint8Array => bytesOf('c', `${module}\n${name}\n`);
export const call = (callable: Uint8Array, ...args: Uint8Array[]): Uint8Array => bytesOf(callable, tuple(...args), 'R');
export const object = (module: string, name: string, state: Uint8Array): Uint8Array =>
  bytesOf(global(module, name), ')', 0x81, state, 'b');
/** A whole pickle of protocol 2. */
export const pickle = (...parts: Part[]): Uint8Array => bytesOf(0x80, 2, ...parts, '.');

interface TensorOptions {
  readonly key?: string;
  readonly type?: string;
  readonly length?: number;
  readonly offset?: number | bigint;
  readonly shape?: readonly (number | bigint)[];
  readonly strides?: readonly (number | bigint)[];
}

/** A call of `_rebuild_tensor_v2`; by default 4 floats of storage "0". */
export function tensor(options: TensorOptions = {}): Uint8Array {
  const { key = '0', type = 'FloatStorage', length = 4, offset = 0, shape = [4], strides = [1] } = options;
  const id = tuple(text('storage'), global('torch', type), text(key), text('cpu'), long(length));
  const counts = (values: readonly (number | bigint)[]) => tuple(...values.map(long));
  const args = [bytesOf(id, 'Q'), long(offset), counts(shape), counts(strides), bytesOf(0x89), orderedDict()];
  return call(global('torch._utils', '_rebuild_tensor_v2'), ...args);
}
export const orderedDict = (): Uint8Array => bytesOf(global('collections', 'OrderedDict'), ')R');

/** A module of torch.nn with these members. */
export const module = (
  parameters: Uint8Array,
  buffers: Uint8Array,
  children: Uint8Array,
  transient: Uint8Array = list(),
) =>
  object(
    'torch.nn.modules.container',
    'Sequential',
    dict(
      text('_parameters'),
      parameters,
      text('_buffers'),
      buffers,
      text('_modules'),
      children,
      text('_non_persistent_buffers_set'),
      call(global('__builtin__', 'set'), transient),
    ),
  );

interface ZipOptions {
  readonly method?: number;
  readonly flags?: number;
  readonly comment?: string;
  readonly wide?: boolean;
}

/** An archive of stored members. Check sums are 0: nobody looks at them. */
export function zip(members: readonly (readonly [string, Uint8Array])[], options: ZipOptions = {}): Uint8Array {
  const { method = 0, flags = 0, comment = '', wide = false } = options;
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const [name, data] of members) {
    const label = new TextEncoder().encode(name);
    const common = [u16(flags), u16(method), u32(0), u32(0)];
    const size = u32(data.length);
    const head = bytesOf('PK\x03\x04', u16(20), ...common, size, size, u16(label.length), u16(0), label);
    const [short, offset] = wide ? [u32(0xffffffff), u32(0xffffffff)] : [size, u32(at)];
    const extra = wide
      ? bytesOf(u16(7), u16(2), 'zz', u16(1), u16(24), u64(data.length), u64(data.length), u64(at))
      : bytesOf();
    const lengths = [u16(label.length), u16(extra.length), u16(0), u16(0), u16(0), u32(0)];
    central.push(bytesOf('PK\x01\x02', u16(20), u16(20), ...common, short, short, ...lengths, offset, label, extra));
    local.push(head, data);
    at += head.length + data.length;
  }
  const directory = bytesOf(...central);
  const count = u16(members.length);
  const record = bytesOf(
    'PK\x06\x06',
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(members.length),
    u64(members.length),
    u64(directory.length),
    u64(at),
  );
  const locator = bytesOf('PK\x06\x07', u32(0), u64(at + directory.length), u32(1));
  const sizes = wide ? [u32(0xffffffff), u32(0xffffffff)] : [u32(directory.length), u32(at)];
  const end = bytesOf('PK\x05\x06', u16(0), u16(0), count, count, ...sizes, u16(comment.length), comment);
  return bytesOf(...local, directory, ...(wide ? [record, locator] : []), end);
}

const four = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

/** A checkpoint in zip format; by default storage "0" holds the floats 1, 2, 3, 4. */
export function archive(
  data: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = { 0: four },
  options?: ZipOptions,
): Uint8Array {
  const members = Object.entries(storages).map(([key, bytes]): [string, Uint8Array] => [`a/data/${key}`, bytes]);
  return zip([['a/data.pkl', data], ...members], options);
}

const magic = bytesOf(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);
const system = dict(text('protocol_version'), bytesOf('M', u16(1001)), text('little_endian'), bytesOf(0x88));

/** A checkpoint in legacy format. */
export function legacy(value: Uint8Array, keys: Uint8Array, ...storages: Uint8Array[]): Uint8Array {
  const head = [pickle(magic), pickle('M', u16(1001)), pickle(system)];
  return bytesOf(...head, value, pickle(keys), ...storages);
}
/** A storage in legacy format. */
export const legacyStorage = (length: number | bigint, data: Uint8Array = four): Uint8Array =>
  bytesOf(u64(length), data);
