// What the fuzzer feeds: changes of good files, and pickles out of thin air.

/** Seeded random numbers (mulberry32). */
export function randomSource(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below) => Math.floor(next() * below);
  return { int, pick: (items) => items[int(items.length)] };
}

const numbers = [
  0n,
  1n,
  2n,
  8n,
  127n,
  128n,
  255n,
  256n,
  65535n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const tokens = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-1',
  '1e9',
  '99999999999999999999',
  'null',
  '"a"',
  '"F32"',
  '"__metadata__"',
  '\\u0000',
  'cos\nsystem\n',
  'PK\x03\x04',
  '}]',
  '(t',
  'R',
  '\x85\x85',
  '.',
];
const encoder = new TextEncoder();

/** A copy of `bytes` with one to eight changes; most of them near the start, where the structure is. */
export function mutate(random, bytes, others) {
  let copy = bytes.slice();
  for (let n = 1 + random.int(random.pick([1, 2, 8])); n > 0; n--) {
    const at = random.int(random.pick([copy.length, Math.min(copy.length, 400), Math.min(copy.length, 5000)]) + 1);
    switch (random.int(8)) {
      case 0: // a bit
        if (at < copy.length) copy[at] ^= 1 << random.int(8);
        break;
      case 1: // a byte
        if (at < copy.length) copy[at] = random.int(256);
        break;
      case 2: // a number that is likely to hurt
        writeNumber(copy, at, random.pick(numbers), random.pick([1, 2, 4, 8]));
        break;
      case 3: // cut off
        copy = copy.slice(0, random.int(4) ? Math.max(at, copy.length - random.int(100)) : at);
        break;
      case 4: // taken out
        copy = splice(copy, at, random.int(40), new Uint8Array(0));
        break;
      case 5: // put in
        copy = splice(copy, at, random.int(4), encoder.encode(random.pick(tokens)));
        break;
      case 6: {
        // from elsewhere
        const other = random.pick(others);
        const from = random.int(other.length);
        copy = splice(copy, at, random.int(40), other.subarray(from, from + random.int(200)));
        break;
      }
      default: // swapped
        if (at + 1 < copy.length) [copy[at], copy[at + 1]] = [copy[at + 1], copy[at]];
    }
  }
  return copy;
}

function writeNumber(bytes, at, value, length) {
  for (let i = 0; i < length && at + i < bytes.length; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 255n);
}

function splice(bytes, at, remove, insert) {
  const end = Math.min(bytes.length, at + remove);
  const result = new Uint8Array(at + insert.length + bytes.length - end);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(bytes.subarray(end), at + insert.length);
  return result;
}

const globals = [
  ['collections', 'OrderedDict'],
  ['torch._utils', '_rebuild_tensor_v2'],
  ['torch._utils', '_rebuild_parameter'],
  ['torch', 'FloatStorage'],
  ['torch', 'LongStorage'],
  ['_codecs', 'encode'],
  ['__builtin__', 'set'],
  ['builtins', 'bytearray'],
  ['torch', 'Size'],
  ['torch', 'device'],
  ['numpy', 'dtype'],
  ['numpy.core.multiarray', 'scalar'],
  ['torch.nn.modules.linear', 'Linear'],
  ['torch', 'float32'],
  ['os', 'system'],
];

/** A sequence of opcodes that often makes sense: values, containers, calls, and memo traffic. */
export function randomPickle(random, { bytesOf, call, dict, global, list, long, module, tensor, text, tuple }) {
  const value = (depth) => {
    const inner = () => value(depth - 1);
    const few = () => Array.from({ length: random.int(4) }, inner);
    switch (random.int(depth > 0 ? 16 : 8)) {
      case 0:
        return bytesOf(random.pick(['N', '\x00', ')', ']', '}', 'N2', 'Nq\x01', 'h\x01', 'h\x00']));
      case 1:
        return long(BigInt.asIntN(63, random.pick(numbers)) * BigInt(random.pick([1, -1])));
      case 2:
        return text(
          random.pick(['storage', 'module', '0', 'cpu', 'latin1', 'state_dict', '_modules', '_parameters', 'f8', '道']),
        );
      case 3:
      case 4:
        return tensor(tensorOptions(random));
      case 5:
        return global(...random.pick(globals));
      case 6:
        return Uint8Array.of(random.int(256));
      case 7:
        return bytesOf(0x80 + random.int(24), random.int(4));
      case 8:
        return list(...few());
      case 9:
        return tuple(...few());
      case 10:
        return dict(...few().flatMap((item) => [text(`k${random.int(9)}`), item]));
      case 11:
        return call(global(...random.pick(globals)), ...few());
      case 12:
        return bytesOf(global(...random.pick(globals)), ')', 0x81, inner(), 'b');
      case 13:
        return module(dict(text('w'), inner()), dict(), dict(text('m'), inner()));
      case 14:
        return bytesOf(inner(), 'q', random.int(3));
      default:
        return dict(text('state_dict'), dict(text('w'), inner()));
    }
  };
  return value(6);
}

function tensorOptions(random) {
  const rank = random.int(4);
  const sizes = () =>
    Array.from({ length: rank + (random.int(20) === 0 ? 1 : 0) }, () =>
      random.int(12) ? random.int(4) : BigInt.asIntN(63, random.pick(numbers)),
    );
  return {
    key: random.pick(['0', '0', '0', '1']),
    type: random.pick(['FloatStorage', 'FloatStorage', 'FloatStorage', 'LongStorage', 'HalfStorage', 'BoolStorage']),
    length: random.pick([4, 4, 4, 2, 8, 16, 2 ** 31]),
    offset: random.pick([0, 0, 1, 4, -1, 2 ** 40]),
    shape: sizes(),
    strides: sizes(),
  };
}
