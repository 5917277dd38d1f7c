import { describe, expect, test } from 'vitest';
import {
  archive,
  bytesOf,
  call,
  global,
  legacy,
  legacyStorage,
  list,
  long,
  pickle,
  tensor,
  text,
  tuple,
  u16,
  u32,
  zip,
} from './test-pickle.js';
import { refusal } from './test-refusal.js';

describe('a broken pickle', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', bytesOf(), /expected 1 more bytes, got 0/],
    ['no protocol', bytesOf('N.'), /expected a pickle of protocol 2 to 5/],
    ['protocol 0', bytesOf('I1\n.'), /expected a pickle of protocol 2 to 5/],
    ['protocol 1', bytesOf(0x80, 1, 'N.'), /expected protocol 2 to 5, got 1/],
    ['protocol 6', bytesOf(0x80, 6, 'N.'), /got 6/],
    ['no STOP', bytesOf(0x80, 2, 'N'), /expected 1 more bytes, got 0/],
    ['no value', pickle(), /expected one value at the end, got 0/],
    ['two values', pickle('NN'), /got 2/],
    ['an open mark', pickle('(N'), /1 open marks/],
    ['more after STOP', bytesOf(pickle('N'), 'N'), /expected data\.pkl to end at STOP, got 1 more bytes/],
    ['no mark', pickle('t'), /expected an open mark/],
    ['an empty stack', pickle('0'), /expected an open mark/],
    ['a tuple of too little', pickle('N', 0x86), /expected 2 values on the stack, got 1/],
    ['an unknown memo', pickle('h', 3), /expected a value in the memo at 3/],
    ['text that is not UTF-8', pickle('X', u32(1), 255), /expected text in UTF-8/],
    ['append to a tuple', pickle(')Na'), /expected a list to append to, got \[\]/],
    ['items in a list', pickle('](NNu'), /expected pairs for a dict, got 2 values for \[\]/],
    ['a key without value', pickle('}(Nu'), /expected pairs for a dict, got 1 values/],
    ['a list as key', pickle('}]Ns'), /expected a key that Python can hash/],
    ['a set of nothing', pickle('N(N', 0x90), /expected a set to add to/],
    ['a global without name', pickle('NN', 0x93), /expected the name of a global as text/],
    ['INST', pickle('(ios\nsystem\n'), /the opcode 0x69 is not read/],
    ['OBJ', pickle('(', global('collections', 'OrderedDict'), 'o'), /the opcode 0x6f is not read/],
    ['EXT1', pickle(0x82, 1), /the opcode 0x82 is not read/],
    ['NEWOBJ_EX', pickle('NN', 0x92), /the opcode 0x92 is not read/],
    ['PERSID', pickle('Pabc\n'), /the opcode 0x50 is not read/],
    ['a persistent id of nothing', pickle('NQ'), /expected a storage or a class as persistent id/],
    [
      'a bare storage',
      pickle(tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), long(4)), 'Q'),
      /a bare storage/,
    ],
    [
      'a view of a storage',
      pickle(
        tuple(
          text('storage'),
          global('torch', 'FloatStorage'),
          text('0'),
          text('cpu'),
          long(4),
          tuple(text('1'), long(0), long(1)),
        ),
        'Q',
      ),
      /before 0\.4/,
    ],
    [
      'a parameter of nothing',
      pickle(call(global('torch._utils', '_rebuild_parameter'), bytesOf('N'), bytesOf(0x88), bytesOf('N'))),
      /expected a parameter of a tensor/,
    ],
    [
      'a tensor of nothing',
      pickle(call(global('torch._utils', '_rebuild_tensor_v2'))),
      /expected a tensor on a storage/,
    ],
  ])('of %s', (_, data, message) => expect(refusal(archive(data))).toMatch(message));
});

describe('a broken archive', () => {
  const good = archive(pickle(tensor()));
  const changed = (at: number, ...bytes: number[]) => {
    const copy = good.slice();
    copy.set(bytes, at < 0 ? copy.length + at : at);
    return copy;
  };
  const centralAt = good.length - 22 - 2 * 46 - 'a/data.pkl'.length - 'a/data/0'.length;
  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /expected a file of torch\.save .* got something else/],
    ['something else', bytesOf('hello'), /got something else/],
    ['compression', archive(pickle('N'), {}, { method: 8 }), /"a\/data\.pkl" is compressed, which is not read/],
    ['encryption', archive(pickle('N'), {}, { flags: 1 }), /is encrypted/],
    ['a missing end', good.subarray(0, -1), /expected the end of an archive/],
    ['something after the end', bytesOf(good, 'x'), /expected the end of an archive/],
    ['something before the start', bytesOf('PK\x03\x04', good), /ends at byte/],
    ['a directory elsewhere', changed(-6, 1, 0, 0, 0), /expected a directory of 2 entries/],
    ['more entries than fit', changed(-12, 255, 255), /expected a directory of 65535 entries/],
    ['fewer entries than there are', changed(-12, 1, 0), /expected the directory to end after 1 entries/],
    ['an entry that is none', changed(centralAt, 0), /expected entry 0 of 2/],
    ['a name beyond the directory', changed(centralAt + 28, 255, 255), /expected entry 0 to end within/],
    [
      'a size beyond the file',
      changed(centralAt + 20, 255, 255, 255, 0, 255, 255, 255, 0),
      /claims 16777215 bytes that are not there/,
    ],
    [
      'a wide size that is missing',
      changed(centralAt + 20, 255, 255, 255, 255, 255, 255, 255, 255),
      /lacks its 64-bit sizes/,
    ],
    ['overlapping members', changed(centralAt + 46 + 10 + 42, 0), /overlaps what follows/],
    [
      'a local header that is none',
      changed(0, 0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255),
      /expected "a\/data\.pkl" and its \d+ bytes here/,
    ],
    [
      'a name twice',
      zip([
        ['a/data.pkl', pickle('N')],
        ['a/data.pkl', pickle('N')],
      ]),
      /"a\/data\.pkl" comes twice/,
    ],
    ['no pickle', zip([['a/b', pickle('N')]]), /expected one NAME\/data\.pkl in the archive, got 0/],
    [
      'two pickles',
      zip([
        ['a/data.pkl', pickle('N')],
        ['b/data.pkl', pickle('N')],
      ]),
      /got 2/,
    ],
    [
      'big-endian',
      zip([
        ['a/data.pkl', pickle('N')],
        ['a/byteorder', bytesOf('big')],
      ]),
      /byte order little, got "big"/,
    ],
    [
      'TorchScript',
      zip([
        ['a/data.pkl', pickle('N')],
        ['a/constants.pkl', pickle('N')],
      ]),
      /TorchScript archive, which holds code/,
    ],
  ])('of %s', (_, bytes, message) => expect(refusal(bytes)).toMatch(message));
});

describe('a broken legacy file', () => {
  const value = pickle(tensor());
  test.each<[string, Uint8Array, RegExp]>([
    ['another magic number', pickle('N'), /expected PyTorch's magic number, got null/],
    ['fewer elements', legacy(value, list(text('0')), legacyStorage(3)), /expected 4 elements for storage "0", got 3/],
    ['a negative count', legacy(value, list(text('0')), legacyStorage(-1)), /got -1/],
    [
      'data cut off',
      legacy(value, list(text('0')), legacyStorage(4, new Uint8Array(15))),
      /up to this byte, got a file of \d+ bytes: cut off/,
    ],
    ['no count', legacy(value, list(text('0')), u16(4)), /expected the length of storage "0"/],
    [
      'more data',
      legacy(value, list(text('0')), legacyStorage(4), u16(0)),
      /expected the file to end here, got 2 more bytes/,
    ],
    ['no key', legacy(value, list()), /expected the data of storage "0", got none/],
    ['an unknown key', legacy(value, list(text('1')), legacyStorage(4)), /expected keys of storages in use, got "1"/],
    ['a key twice', legacy(value, list(text('0'), text('0')), legacyStorage(4), legacyStorage(4)), /each once/],
    ['keys that are none', legacy(value, long(0)), /expected the keys of the storages/],
    ['a cycle', legacy(pickle(']q', 0, 'h', 0, 'a'), list()), /contains itself/],
  ])('of %s', (_, bytes, message) => expect(refusal(bytes)).toMatch(message));
});
