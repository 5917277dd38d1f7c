import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSafetensors, type StoredTensor, select } from '@gss/checkpoint';
import { moduleStateDict, PickleDict, type PickleValue, readPyTorch, type TorchTensor } from '@gss/checkpoint/pytorch';
import { openPyTorch } from '@gss/checkpoint/pytorch/node';
import type { Check, FolderFamily } from '../family.js';
import { same, sameNames, sameTensor } from '../same.js';
import { dvaeModuleChecks } from './dvae-module.js';
import { attributes, plain } from './pickled.js';

type Tensors = ReadonlyMap<string, StoredTensor>;

interface Facts {
  readonly order?: readonly string[];
  readonly state_dict_order?: readonly string[];
  readonly modules?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly meta?: unknown;
  readonly optimizer_param_groups?: unknown;
  readonly strides?: Readonly<Record<string, readonly number[]>>;
  readonly storage_offset?: Readonly<Record<string, number>>;
  readonly shares_storage?: readonly (readonly string[])[];
}

interface Expected {
  readonly tensors: Tensors;
  readonly facts: Facts;
  /** Of the state dict's tensors in `tensors`. */
  readonly prefix: string;
}

const readTensors = (path: string) => parseSafetensors(readFileSync(path), { label: path }) as Tensors;
const readFacts = (path: string): Facts => (existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Facts) : {});

/**
 * What a reader must find in FILE: STEM.expected.*, STEM being the file's name up to some dot; the parameters of the
 * fixture of that name in the folder above; for the file of another layout of the bare state dict, that one's.
 */
function expectedOf(folder: string, file: string): Expected {
  const parts = file.split('.');
  const stems = parts.map((_, i) => parts.slice(0, parts.length - i).join('.'));
  const own = [...stems, ...(file === 'model-key.pth' ? ['bare-state-dict'] : [])].find((stem) =>
    existsSync(join(folder, `${stem}.expected.safetensors`)),
  );
  if (own !== undefined) {
    const tensors = readTensors(join(folder, `${own}.expected.safetensors`));
    const prefix = ['param.', 'state_dict.'].find((start) => [...tensors.keys()].some((key) => key.startsWith(start)));
    return { tensors, facts: readFacts(join(folder, `${own}.expected.json`)), prefix: prefix ?? '' };
  }
  const fixture = stems.find((stem) => existsSync(join(folder, '..', `${stem}.safetensors`)));
  if (fixture === undefined)
    throw new Error(
      `nothing says what is in it: neither ${parts[0]}.expected.safetensors nor ../${parts[0]}.safetensors`,
    );
  const tensors = readTensors(join(folder, '..', `${fixture}.safetensors`));
  return { tensors, facts: readFacts(join(folder, `${file}.json`)), prefix: 'param.' };
}

/** All tensors to the bit; names and order. */
function stateDictChecks(way: string, actual: ReadonlyMap<string, TorchTensor>, { tensors, facts, prefix }: Expected) {
  const expected = prefix ? select(tensors, prefix) : tensors;
  const order = facts.state_dict_order ?? facts.order;
  return [
    sameNames(`${way}: names`, actual.keys(), expected.keys()),
    ...(order ? [same(`${way}: order`, [...actual.keys()], order)] : []),
    ...[...expected].map(([name, tensor]) => sameTensor(`${way}: ${name}`, actual.get(name), tensor)),
  ];
}

function viewChecks(actual: ReadonlyMap<string, TorchTensor>, facts: Facts): Check[] {
  const { strides, storage_offset: offsets, shares_storage: shared } = facts;
  const of = (names: readonly string[], pick: (tensor: TorchTensor | undefined) => unknown) =>
    names.map((name) => pick(actual.get(name)));
  return [
    ...(strides
      ? [
          same(
            'strides',
            of(Object.keys(strides), (tensor) => tensor?.strides),
            Object.values(strides),
          ),
        ]
      : []),
    ...(offsets
      ? [
          same(
            'storage offsets',
            of(Object.keys(offsets), (tensor) => tensor?.offset),
            Object.values(offsets),
          ),
        ]
      : []),
    ...(shared ?? []).map((names) =>
      same(`one storage: ${names[0]}`, new Set(of(names, (tensor) => tensor?.storage)).size, 1),
    ),
  ];
}

const get = (value: PickleValue | undefined, key: string) =>
  value instanceof PickleDict ? (value.get(key) as PickleValue | undefined) : undefined;

/** Metadata and optimiser state of mmcv's checkpoints. */
function trainingChecks(value: PickleValue, { facts, tensors }: Expected): Check[] {
  const checks: Check[] = [];
  if (facts.meta !== undefined) checks.push(same('meta', plain(get(value, 'meta') ?? null), facts.meta));
  const optimizer = get(value, 'optimizer');
  if (facts.optimizer_param_groups !== undefined)
    checks.push(same('optimizer groups', plain(get(optimizer, 'param_groups') ?? null), facts.optimizer_param_groups));
  const states = get(optimizer, 'state');
  for (const [name, tensor] of select(tensors, 'optimizer.state.')) {
    const [index, key] = name.split('.') as [string, string];
    const state = states instanceof PickleDict ? states.get(Number(index)) : undefined;
    checks.push(
      sameTensor(`optimizer.state.${name}`, get(state as PickleValue, key) as TorchTensor | undefined, tensor),
    );
  }
  return checks;
}

function run(folder: string, file: string): Check[] {
  const path = join(folder, file);
  const expected = expectedOf(folder, file);
  const whole = readPyTorch(readFileSync(path), { label: path });
  const ranged = openPyTorch(path);
  try {
    const tensors = whole.stateDict();
    const checks = [
      ...stateDictChecks('in memory', tensors, expected),
      ...stateDictChecks('by ranges', ranged.stateDict(), expected),
      ...viewChecks(tensors, expected.facts),
      ...trainingChecks(whole.value, expected),
    ];
    if (!expected.facts.modules) return checks;
    return [
      ...checks,
      same('names of the module', [...moduleStateDict(whole.value).keys()], expected.facts.state_dict_order),
      same('classes and attributes', attributes(whole.value), expected.facts.modules),
      ...dvaeModuleChecks(expected.facts.modules, tensors, expected.tensors),
    ];
  } finally {
    ranged.close();
  }
}

export const family: FolderFamily = {
  folder: 'checkpoints',
  list: (path) => readdirSync(path).filter((file) => /\.(pth|pt|pkl)$/.test(file)),
  run,
};
