import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toFloat32 } from '@gss/checkpoint';
import { readSafetensors, writeSafetensors } from '@gss/checkpoint/node';
import {
  moduleStateDict,
  PickleDict,
  PickleName,
  type PickleObject,
  PyTorchError,
  readPyTorch,
  type TorchTensor,
} from '@gss/checkpoint/pytorch';
import { openPyTorch } from '@gss/checkpoint/pytorch/node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gather, isContiguous, rowMajorStrides } from '../strided.js';
import {
  archive,
  bytesOf,
  call,
  dict,
  global,
  legacy,
  legacyStorage,
  list,
  long,
  module,
  object,
  pickle,
  tensor,
  text,
  tuple,
  u64,
} from './test-pickle.js';

const read = (...parts: (string | number | Uint8Array)[]) => readPyTorch(archive(pickle(...parts))).value;
const none = dict();

describe('readPyTorch reads', () => {
  test('plain values', () => {
    expect(
      read(
        list(
          bytesOf('N'),
          bytesOf(0x88),
          long(-3),
          long(2n ** 53n),
          text('道'),
          bytesOf('C', 2, 'ab'),
          bytesOf('G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0),
        ),
      ),
    ).toEqual([null, true, -3, 2n ** 53n, '道', Uint8Array.of(97, 98), 1.5]);
    expect(read('(', long(1), long(2), 'd')).toEqual(new PickleDict([[1, 2]]));
    expect(read('(', long(1), 'l')).toEqual([1]);
    expect(read(0x8f, '(', long(1), 0x90)).toEqual(new Set([1]));
    expect(read('(', long(1), 0x91)).toEqual(new Set([1]));
    expect(read('U', 1, 'a')).toBe('a');
    expect(read(0x8d, u64(1), 'a')).toBe('a');
    expect(read(0x96, u64(1), 'a')).toEqual(Uint8Array.of(97));
    expect(read(0x8a, 0)).toBe(0);
    const thousandBits = bytesOf(0x8a, 129, new Uint8Array(128), 1);
    expect(read(thousandBits)).toBe(2n ** 1024n); // beyond what a number can hold even roughly
    expect(read(long(1), '2', 0x86)).toEqual([1, 1]);
    expect(read('(', long(1), '1', 'N')).toBe(null);
  });

  test('what training leaves among the metadata', () => {
    const float = bytesOf(
      call(global('numpy', 'dtype'), text('f8'), bytesOf(0x89), bytesOf(0x88)),
      tuple(long(3), text('<'), bytesOf('N')),
      'b',
    );
    expect(
      read(call(global('numpy.core.multiarray', 'scalar'), float, bytesOf('C', 8, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f))),
    ).toBe(1.5);
    expect(read(call(global('torch', 'Size'), tuple(long(2), long(3))))).toEqual([2, 3]);
    const device = read(call(global('torch', 'device'), text('cuda'), long(1))) as PickleObject;
    expect([device.className, ...device.attributes]).toEqual(['torch.device', ['type', 'cuda'], ['index', 1]]);
    expect(read(global('torch', 'float16'))).toEqual(new PickleName('torch.float16'));
    expect(read(call(global('collections', 'OrderedDict'), list(list(text('a'), long(1)))))).toEqual(
      new PickleDict([['a', 1]]),
    );
    expect(read(call(global('builtins', 'bytearray'), bytesOf('C', 1, 'a')))).toEqual(Uint8Array.of(97));
    expect(() => read(call(global('numpy', 'dtype'), text('f8')), tuple(long(3), text('>')), 'b')).toThrow(
      /Big-endian is not supported/,
    );
  });

  test('NumPy arrays among the metadata, as their bytes', () => {
    const bytesType = bytesOf(call(global('numpy', 'dtype'), text('u1')), tuple(long(3), text('|')), 'b');
    const state = (type: Uint8Array) =>
      tuple(long(1), tuple(long(2), long(1)), type, bytesOf(0x89), bytesOf('C', 2, 7, 8));
    const empty = call(
      global('numpy.core.multiarray', '_reconstruct'),
      global('numpy', 'ndarray'),
      tuple(long(0)),
      bytesOf('C', 1, 'b'),
    );
    const array = read(empty, state(bytesType), 'b') as PickleObject;
    expect([array.className, Object.fromEntries(array.attributes)]).toEqual([
      'numpy.ndarray',
      { shape: [2, 1], dtype: 'u1', fortran: false, bytes: Uint8Array.of(7, 8) },
    ]);
    expect(() => read(empty, state(text('O')), 'b')).toThrow(/Arrays of objects are not read/);
    const other = call(global('numpy.core.multiarray', '_reconstruct'), global('torch', 'float16'));
    expect(() => read(other)).toThrow(/expected an array of numpy.ndarray/);
  });

  test('what Lightning keeps beside a VQGAN: a class as a key', () => {
    const callback = global('pytorch_lightning.callbacks.model_checkpoint', 'ModelCheckpoint');
    const lightning = dict(
      text('callbacks'),
      dict(callback, dict(text('best_model_path'), text('last.ckpt'))),
      text('state_dict'),
      dict(text('w'), tensor()),
    );
    expect([
      ...readPyTorch(archive(pickle(lightning)))
        .stateDict()
        .keys(),
    ]).toEqual(['w']);
    expect(() => read(call(callback))).toThrow(/expected a call of a function on the list/);
  });

  test('objects of classes that the caller expects, as data', () => {
    const config = bytesOf(
      object('yacs.config', 'CfgNode', dict(text('frozen'), bytesOf(0x88))),
      text('LR'),
      long(1),
      's',
    );
    const bytes = archive(pickle(config));
    expect(() => readPyTorch(bytes)).toThrow(/pass classes: \["yacs\.config\.CfgNode"\]/);
    const { value } = readPyTorch(bytes, { classes: ['yacs.config.CfgNode'] });
    const { className, attributes, items } = value as PickleObject;
    expect([className, ...attributes, ...items]).toEqual(['yacs.config.CfgNode', ['frozen', true], ['LR', 1]]);
    // The name alone makes nothing callable.
    const evil = archive(pickle(call(global('os', 'system'), text('echo'))));
    expect(() => readPyTorch(evil, { classes: ['os.system'] })).toThrow(
      /expected a call of a function on the list, got "os\.system"/,
    );
  });

  test('archives with 64-bit sizes and with a comment', () => {
    const floats = { 0: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) };
    for (const options of [{ wide: true }, { comment: 'a comment' }])
      expect((readPyTorch(archive(pickle(tensor()), floats, options)).value as TorchTensor).data).toEqual(
        Float32Array.of(1, 2, 3, 4),
      );
  });

  test('tensors that can be cloned, spread, and share what is not copied', () => {
    const bytes = archive(pickle(tensor({ offset: 1, shape: [2], strides: [1] })));
    const read = readPyTorch(bytes).value as TorchTensor;
    expect(structuredClone(read)).toMatchObject({ dtype: 'F32', shape: [2], data: Float32Array.of(2, 3) });
    expect({ ...read }.data).toBe(read.data);
    expect(toFloat32(read)).toEqual(Float32Array.of(2, 3));
  });

  test('shared memory', () => {
    for (const file of [archive(pickle(tensor())), legacy(pickle(tensor()), list(text('0')), legacyStorage(4))]) {
      const shared = new Uint8Array(new SharedArrayBuffer(file.length));
      shared.set(file);
      expect([...(readPyTorch(shared).value as TorchTensor).data]).toEqual([1, 2, 3, 4]);
    }
  });

  test('the legacy format', () => {
    const file = legacy(
      pickle(list(tensor(), tensor({ shape: [2], strides: [2] }))),
      list(text('0')),
      legacyStorage(4),
    );
    const tensors = readPyTorch(file).value as TorchTensor[];
    expect(tensors.map(({ data }) => [...data])).toEqual([
      [1, 2, 3, 4],
      [1, 3],
    ]);
  });
});

describe('stateDict', () => {
  const stateDict = (value: Uint8Array) => readPyTorch(archive(pickle(value)), { label: 'file' }).stateDict();
  test('looks under state_dict and model, and into modules', () => {
    const bare = dict(text('w'), tensor(), text('bn._extra_state'), bytesOf('N'));
    for (const value of [
      bare,
      dict(text('state_dict'), bare, text('epoch'), long(1)),
      dict(text('model'), bare),
      dict(text('model'), dict(text('state_dict'), bare)),
      module(dict(text('w'), tensor()), none, none),
    ])
      expect([...stateDict(value).keys()]).toEqual(['w']);
  });

  test('says what it found instead', () => {
    expect(() => stateDict(dict(text('w'), tensor(), text('epoch'), long(1)))).toThrow(
      /^file: expected a tensor for every name, got 1 at "epoch" beside "w", "epoch"/,
    );
    expect(() => stateDict(dict(long(1), tensor()))).toThrow(/got .* at 1 beside 1/);
    expect(() => stateDict(list())).toThrow(/expected a state dict, a dict with one, or a module, got \[\]/);
    expect(() => stateDict(object('torch.nn.modules.linear', 'Linear', none))).toThrow(
      /expected the module \(torch\.nn\.modules\.linear\.Linear\) to have _parameters, got undefined. It is no nn\.Module/,
    );
    expect(() => stateDict(module(none, none, dict(text('a'), long(1))))).toThrow(
      /expected module "a" to be an object, got 1/,
    );
    expect(() => stateDict(module(dict(text('a'), long(1)), none, none))).toThrow(
      /expected tensors in _parameters of the module, got 1 at "a"/,
    );
  });

  test('of a module leaves out None and buffers that are not persistent, in order', () => {
    const child = module(dict(text('w'), tensor(), text('bias'), bytesOf('N')), none, none);
    const root = module(
      dict(text('z'), tensor()),
      dict(text('kept'), tensor(), text('lost'), tensor()),
      dict(text('b'), child, text('none'), bytesOf('N'), text('a'), child),
      list(text('lost')),
    );
    expect([...moduleStateDict(read(root)).keys()]).toEqual(['z', 'kept', 'b.w', 'a.w']);
  });
});

test('a strided view equals its definition', () => {
  const shapes = fc
    .array(fc.nat(4), { maxLength: 4 })
    .chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.array(fc.nat(5), { minLength: shape.length, maxLength: shape.length }),
        fc.constantFrom(1, 2, 4, 8),
        fc.nat(3),
      ),
    );
  fc.assert(
    fc.property(shapes, ([shape, strides, size, shift]) => {
      const memory = Uint8Array.from({ length: 200 * 8 }, (_, i) => (i * 89 + (i >> 8)) & 255).subarray(shift);
      const indices = shape.reduce<number[]>(
        (starts, count, axis) =>
          starts.flatMap((start) => Array.from({ length: count }, (_, i) => start + i * (strides[axis] as number))),
        [0],
      );
      const bytes = indices.flatMap((index) => [...memory.subarray(index * size, (index + 1) * size)]);
      expect([...gather(memory.subarray(0, 100 * size), size, shape, strides)]).toEqual(bytes);
      expect(isContiguous(shape, rowMajorStrides(shape))).toBe(true);
      if (isContiguous(shape, strides)) expect(bytes).toEqual([...memory.subarray(0, bytes.length)]);
    }),
  );
});

describe('openPyTorch', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gss-pytorch-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('converts to safetensors tensor by tensor', async () => {
    const path = join(folder, 'a.pth');
    writeFileSync(
      path,
      archive(pickle(dict(text('w'), tensor(), text('v'), tensor({ shape: [2, 2], strides: [1, 2] })))),
    );
    const file = openPyTorch(path);
    await writeSafetensors(join(folder, 'a.safetensors'), file.stateDict());
    file.close();
    const written = await readSafetensors(join(folder, 'a.safetensors'));
    expect([...written].map(([name, { data }]) => [name, ...data])).toEqual([
      ['w', 1, 2, 3, 4],
      ['v', 1, 3, 2, 4],
    ]);
    expect(() => file.stateDict().get('w')?.data).toThrow(/expected an open file, got a closed one/);
  });

  test('refuses what is missing, a folder, or shrinks', () => {
    const path = join(folder, 'b.pth');
    expect(() => openPyTorch(path)).toThrow(/b\.pth: expected a file that can be read, got: ENOENT/);
    expect(() => openPyTorch(folder)).toThrow(PyTorchError);
    writeFileSync(path, archive(pickle(dict(text('w'), tensor()))));
    const file = openPyTorch(path);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, 10));
    expect(() => file.stateDict().get('w')?.data).toThrow(/expected 16 bytes, got: the file has ended/);
    file.close();
    writeFileSync(path, bytes.subarray(0, 40));
    expect(() => openPyTorch(path)).toThrow(/b\.pth, byte 40: zip: expected the end of an archive/);
  });
});
