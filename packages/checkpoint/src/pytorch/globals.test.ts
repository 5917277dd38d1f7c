import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  call,
  dict,
  global,
  legacy,
  list,
  long,
  object,
  orderedDict,
  pickle,
  tensor,
  text,
  tuple,
} from './test-pickle.js';
import { inArchive, refusal } from './test-refusal.js';

describe('a pickle that names what is not on the list is refused by name', () => {
  test.each([
    ['os', 'system'],
    ['posix', 'system'],
    ['nt', 'system'],
    ['builtins', 'eval'],
    ['builtins', 'exec'],
    ['__builtin__', 'eval'],
    ['builtins', 'getattr'],
    ['builtins', '__import__'],
    ['subprocess', 'Popen'],
    ['importlib', 'import_module'],
    ['torch', 'load'],
    ['torch.serialization', 'load'],
    ['torch._utils', '_rebuild_sparse_tensor'],
    ['collections', 'namedtuple'],
    ['functools', 'partial'],
    ['torch.nn.modules.module', '_global_hooks'],
    ['torch.nn.modules.activation', 'warnings'],
    ['torch.nn.modules', 'Module'],
    ['dall_e.encoder', 'os'],
    ['dall_e', 'load_model'],
    ['numpy', 'load'],
    ['__proto__', 'x'],
    ['torch', 'constructor'],
    ['', ''],
  ])('%s.%s', (module, name) => {
    const full = `${module === '__builtin__' ? 'builtins' : module}.${name}`;
    const message = new RegExp(
      `^file, byte \\d+: pickle: the global "${full.replaceAll('.', '\\.')}" is not on the list .* was not run`,
    );
    expect(inArchive(call(global(module, name), text('echo')))).toMatch(message);
    expect(inArchive(text(module), text(name), 0x93)).toMatch(message);
    expect(inArchive(object(module, name, dict()))).toMatch(message);
    expect(refusal(legacy(pickle(global(module, name)), list()))).toMatch(message);
    const id = tuple(text('module'), global(module, name), text('a.py'), text('import os'));
    expect(refusal(legacy(pickle(id, 'Q'), list()))).toMatch(message);
  });

  test('also in the small pickles around a legacy value', () => {
    const evil = pickle(call(global('os', 'system'), text('echo')));
    expect(refusal(evil)).toMatch(/"os\.system" is not on the list/);
    expect(refusal(legacy(pickle('N'), call(global('os', 'system'), text('echo'))))).toMatch(/"os\.system"/);
  });

  test('and by a name that joins two others', () => {
    expect(inArchive(global('os', 'path.join'))).toMatch(/"os\.path\.join"/);
    expect(inArchive(bytesOf('c', 'x'.repeat(2000), '\ny\n'))).toMatch(/at most 1024 bytes/);
  });
});

describe('what is on the list cannot be called to do anything else', () => {
  test.each<[string, Uint8Array, RegExp]>([
    [
      'a class',
      call(global('torch.nn.modules.linear', 'Linear'), long(1)),
      /expected a call of a function on the list, got "torch\.nn\.modules\.linear\.Linear".*not run/,
    ],
    [
      'a storage class',
      call(global('torch', 'FloatStorage'), long(1 << 30)),
      /expected a call of a function on the list, got "torch\.FloatStorage"/,
    ],
    ['a dtype', call(global('torch', 'float32')), /got "torch\.float32"/],
    ['a string', call(text('eval'), text('1')), /got "eval"/],
    ['an object', bytesOf(object('torch.nn.modules.linear', 'Linear', dict()), ')R'), /got an object/],
    ['a list as arguments', bytesOf(orderedDict(), '0', global('collections', 'OrderedDict'), ']R'), /with \[\]/],
    [
      'an object with arguments',
      bytesOf(global('torch.nn.modules.linear', 'Linear'), tuple(long(1)), 0x81),
      /made without arguments/,
    ],
    [
      'a function as a class',
      bytesOf(global('torch._utils', '_rebuild_tensor_v2'), ')', 0x81),
      /of a class on the list/,
    ],
    [
      'a codec',
      call(global('_codecs', 'encode'), text('a'), text('rot13')),
      /expected bytes as text in latin1, got "a" in "rot13"/,
    ],
    ['text beyond latin1', call(global('_codecs', 'encode'), text('道'), text('latin1')), /got the character "道"/],
    ['a set of a number', call(global('__builtin__', 'set'), long(1)), /expected a set of a list/],
    ['an OrderedDict of no pairs', call(global('collections', 'OrderedDict'), list(list(long(1)))), /expected pairs/],
    ['a NumPy object', call(global('numpy', 'dtype'), text('O8')), /expected a NumPy type/],
    [
      'a NumPy number without bytes',
      call(global('numpy.core.multiarray', 'scalar'), call(global('numpy', 'dtype'), text('f8')), bytesOf('C', 1, 0)),
      /expected a NumPy number/,
    ],
    ['attributes of a tensor', bytesOf(tensor(), dict(), 'b'), /for a tensor/],
    ['attributes of a list', bytesOf(']', dict(), 'b'), /expected attributes for an object/],
    [
      'attributes by numbers',
      object('torch.nn.modules.linear', 'Linear', dict(long(1), long(2))),
      /attribute names as text, got 1/,
    ],
  ])('%s', (_, parts, message) => expect(inArchive(parts)).toMatch(message));
});
