import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSafetensors, type StoredTensor, select } from '@gss/checkpoint';
import {
  moduleStateDict,
  PickleDict,
  PickleObject,
  type PickleValue,
  readPyTorch,
  TorchTensor,
} from '@gss/checkpoint/pytorch';
import { openPyTorch } from '@gss/checkpoint/pytorch/node';
import { describe, expect, test } from 'vitest';
import { asBytes } from '../dtype.js';

// Written by torch.save of PyTorch 1.13, with what a reader must find in them. GSS_GOLDEN names another folder of that form.
const committed = fileURLToPath(new URL('../../fixtures', import.meta.url));
const whole = process.env.GSS_GOLDEN ?? fileURLToPath(new URL('../../../../../shared/golden', import.meta.url));
const folders = [committed, join(whole, 'checkpoints')].filter((folder) => existsSync(folder));
if (folders.length === 1)
  console.info('only the committed PyTorch fixtures are tested: the folder of all goldens is not there (GSS_GOLDEN)');

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const comparable = (tensors: ReadonlyMap<string, StoredTensor>) =>
  Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape: [...shape], bytes: Buffer.from(asBytes(data)).toString('hex') },
    ]),
  );
const expected = (path: string, prefix: string) =>
  comparable(select(parseSafetensors(readFileSync(path), { label: path }), prefix));
const get = (value: PickleValue | undefined, ...keys: (string | number)[]): PickleValue | undefined =>
  keys.reduce<PickleValue | undefined>(
    (inner, key) => (inner instanceof PickleDict ? inner.get(key) : (inner as PickleValue[])[key as number]),
    value,
  );

/** Plain data as JSON has it: dicts as objects, big integers in decimal, bytes in hexadecimal. */
function plain(value: PickleValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof PickleDict) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return value;
}

/** Reads a file both ways: all in memory (from an odd position in a buffer, too), and by ranges. */
function readings(path: string) {
  const bytes = readFileSync(path);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  const { close, ...opened } = openPyTorch(path);
  return { checkpoints: [readPyTorch(bytes, { label: path }), readPyTorch(shifted.subarray(1)), opened], close };
}

describe.each(
  folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(pth|pkl)$/.test(name))
      .map((name) => join(folder, name)),
  ),
)('%s', (path) => {
  const name = basename(path);
  const stem = join(
    path,
    '..',
    name
      .replace(/(\.(legacy|protocol4|legacy-protocol4|torch2-layout))?\.(pth|pkl)$/, '')
      .replace(/^model-key$/, 'bare-state-dict'),
  );

  if (name.startsWith('gss-e2e'))
    test('holds the parameters of the golden of its name', () => {
      const { checkpoints, close } = readings(path);
      for (const checkpoint of checkpoints)
        expect(comparable(checkpoint.stateDict())).toEqual(
          expected(join(whole, name.replace('.pth', '.safetensors')), 'param.'),
        );
      close();
    });
  else if (name.startsWith('dvae'))
    test('is a module: its state dict, classes and attributes', () => {
      const { checkpoints, close } = readings(path);
      for (const { stateDict, value, format } of checkpoints) {
        expect(format).toBe(name.includes('legacy') ? 'legacy' : 'zip');
        const { modules, state_dict_order } = json(`${stem}.expected.json`);
        expect(comparable(stateDict())).toEqual(expected(`${stem}.expected.safetensors`, 'param.'));
        expect([...stateDict().keys()]).toEqual(state_dict_order);
        expect([...moduleStateDict(value).keys()]).toEqual(state_dict_order);
        expect(attributes(value, '')).toEqual(modules);
        const device = (value as PickleObject).attributes.get('device') as PickleObject;
        expect([device.className, ...device.attributes]).toEqual(['torch.device', ['type', 'cpu']]);
      }
      close();
    });
  else
    test('holds the state dict, to the bit', () => {
      const { checkpoints, close } = readings(path);
      const facts = json(`${stem}.expected.json`);
      const prefix = name.startsWith('mmseg') ? 'state_dict.' : '';
      for (const checkpoint of checkpoints) {
        const tensors = checkpoint.stateDict();
        expect(comparable(tensors)).toEqual(expected(`${stem}.expected.safetensors`, prefix));
        expect([...tensors.keys()]).toEqual(facts.state_dict_order ?? facts.order);
      }
      close();
    });

  if (name.startsWith('mmseg'))
    test('holds metadata, optimizer state, views and parameters', () => {
      const facts = json(`${stem}.expected.json`);
      const { checkpoints, close } = readings(path);
      for (const { value, stateDict } of checkpoints) {
        expect(plain(get(value, 'meta') as PickleValue)).toEqual(facts.meta);
        expect(plain(get(value, 'optimizer', 'param_groups') as PickleValue)).toEqual(facts.optimizer_param_groups);
        const state = get(value, 'optimizer', 'state') as PickleDict;
        const flat = new Map(
          [...state].flatMap(([index, tensors]) =>
            [...(tensors as PickleDict)].map(([key, tensor]) => [`${index}.${key}`, tensor as TorchTensor]),
          ),
        );
        expect(comparable(flat)).toEqual(expected(`${stem}.expected.safetensors`, 'optimizer.state.'));

        const tensors = stateDict();
        for (const [key, strides] of Object.entries(facts.strides))
          expect([key, tensors.get(key)?.strides]).toEqual([key, strides]);
        for (const [key, offset] of Object.entries(facts.storage_offset))
          expect([key, tensors.get(key)?.offset]).toEqual([key, offset]);
        for (const shared of facts.shares_storage as string[][])
          expect(new Set(shared.map((key) => tensors.get(key)?.storage)).size).toBe(1);
        const parameters = [...tensors]
          .filter(([, { parameter }]) => parameter)
          .map(([key, { requiresGrad }]) => [key, requiresGrad]);
        expect(parameters).toEqual([
          ['p.parameter', true],
          ['p.frozen', false],
        ]);
        const metadata = get((get(value, 'state_dict') as PickleDict).attributes, '_metadata');
        expect(metadata).toBeInstanceOf(PickleDict);
      }
      close();
    });
});

/** Class and plain attributes (without None, as the expected file has it) of every sub-module, by path. */
function attributes(value: PickleValue, path: string): Record<string, unknown> {
  if (!(value instanceof PickleObject)) throw new Error(`${path} is no module`);
  const own = [...value.attributes].filter(
    ([name, item]) =>
      item !== null &&
      !String(name).startsWith('_') &&
      !(item instanceof TorchTensor) &&
      !(item instanceof PickleObject),
  );
  const children = [...(value.attributes.get('_modules') as PickleDict)].map(([name, child]) =>
    attributes(child, path === '' ? String(name) : `${path}.${name}`),
  );
  return Object.assign(
    {
      [path || '.']: { class: value.className, ...Object.fromEntries(own.map(([name, item]) => [name, plain(item)])) },
    },
    ...children,
  );
}
