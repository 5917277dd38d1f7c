import { quote, show } from '../errors.js';
import { numpyArray, numpyDType, numpyScalar } from './numpy.js';
import type { Refuse } from './rebuild.js';
import { isStorageType, type TensorFactory } from './rebuild.js';
import { TorchTensor } from './tensor.js';
import { isTuple, PickleDict, PickleName, PickleObject, type PickleValue } from './values.js';

/** What a function on the list may use. */
export interface CallContext {
  readonly tensors: TensorFactory;
  readonly refuse: Refuse;
  /** Pays for what is copied out of an argument, so that a short pickle cannot copy a long argument many times. */
  readonly spend: (count: number) => void;
}

type Call = (args: readonly PickleValue[], context: CallContext) => unknown;

/** The functions that are understood. Each is a few lines here; nothing of Python's is looked up or run. */
const functions: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['torch._utils._rebuild_tensor', (args, { tensors, refuse }) => tensors.tensor(args, refuse)],
  ['torch._utils._rebuild_tensor_v2', (args, { tensors, refuse }) => tensors.tensor(args, refuse)],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ['collections.OrderedDict', orderedDict],
  ['builtins.set', setOf],
  ['builtins.frozenset', setOf],
  ['builtins.bytearray', latin1Bytes],
  ['_codecs.encode', latin1Bytes],
  [
    'torch.Size',
    ([sizes], { refuse }) => (isTuple(sizes) ? sizes : refuse(`expected torch.Size of a tuple, got ${show(sizes)}.`)),
  ],
  ['torch.device', device],
  ['numpy.dtype', numpyDType],
  ['numpy.core.multiarray._reconstruct', numpyArray],
  ['numpy._core.multiarray._reconstruct', numpyArray],
  ['numpy.core.multiarray.scalar', numpyScalar],
  ['numpy._core.multiarray.scalar', numpyScalar],
]);

/**
 * Classes whose objects are read as attribute trees: PyTorch's own layers, those of the published DALL·E weights, and
 * the callbacks that Lightning names beside VQGAN's.
 */
const classes =
  /^torch\.nn\.modules\.[a-z_]+\.[A-Z]\w*$|^dall_e\.(encoder\.Encoder(Block)?|decoder\.Decoder(Block)?|utils\.Conv2d)$|^pytorch_lightning\.callbacks\.[a-z_]+\.[A-Z]\w*$/;
/** Mentioned as an argument only, never called. */
const mentioned: ReadonlySet<string> = new Set(['numpy.ndarray']);
const dtypeNames = /^torch\.(float|double|half|long|int|short|bool|u?int(8|16|32|64)|b?float(16|32|64))$/;

/**
 * The list: a global that is on it becomes its name, every other is refused where it is mentioned.
 * @param extra further classes to read as attribute trees, such as `mmcv.utils.config.ConfigDict`.
 */
export function resolveGlobal(module: string, name: string, extra: ReadonlySet<string>, refuse: Refuse): PickleName {
  const full = `${module === '__builtin__' ? 'builtins' : module}.${name}`;
  if (
    functions.has(full) ||
    isStorageType(full) ||
    isClass(full, extra) ||
    dtypeNames.test(full) ||
    mentioned.has(full)
  )
    return new PickleName(full);
  return refuse(
    `the global ${quote(full)} is not on the list of what is understood, and was not run. If you expected it, it is a plain class and you trust the file, pass classes: [${quote(full)}]: its objects are then read as data.`,
  );
}

const isClass = (name: string, extra: ReadonlySet<string>): boolean => classes.test(name) || extra.has(name);

/** REDUCE: only functions on the list are called. */
export function callGlobal(callable: unknown, args: unknown, context: CallContext): unknown {
  const call = callable instanceof PickleName ? functions.get(callable.name) : undefined;
  if (!call || !isTuple(args))
    return context.refuse(
      `expected a call of a function on the list, got ${callable instanceof PickleName ? quote(callable.name) : show(callable)} with ${show(args)}. It was not run.`,
    );
  return call(args, context);
}

/** NEWOBJ: an empty object of a class on the list. */
export function newObject(callable: unknown, args: unknown, extra: ReadonlySet<string>, context: CallContext): unknown {
  if (callable instanceof PickleName && isTuple(args)) {
    if (isClass(callable.name, extra) && args.length === 0) return new PickleObject(callable.name);
    if (callable.name === 'collections.OrderedDict' || callable.name === 'builtins.set')
      return callGlobal(callable, args, context);
  }
  return context.refuse(
    `expected an object of a class on the list made without arguments, got ${callable instanceof PickleName ? quote(callable.name) : show(callable)} with ${show(args)}. It was not run.`,
  );
}

function rebuildParameter([tensor, requiresGrad]: readonly PickleValue[], { refuse }: CallContext): TorchTensor {
  if (!(tensor instanceof TorchTensor) || typeof requiresGrad !== 'boolean')
    return refuse(`expected a parameter of a tensor and a bool, got ${show(tensor)} and ${show(requiresGrad)}.`);
  return tensor.asParameter(requiresGrad);
}

function orderedDict([pairs, ...rest]: readonly PickleValue[], { refuse, spend }: CallContext): PickleDict {
  if ((pairs !== undefined && !Array.isArray(pairs)) || rest.length > 0)
    return refuse(`expected an OrderedDict of pairs, got ${show(pairs)}.`);
  const dict = new PickleDict();
  for (const pair of (pairs as readonly PickleValue[] | undefined) ?? []) {
    spend(1);
    if (!Array.isArray(pair) || pair.length !== 2)
      return refuse(`expected pairs in an OrderedDict, got ${show(pair)}.`);
    dict.set(pair[0], pair[1]);
  }
  return dict;
}

function setOf([items, ...rest]: readonly PickleValue[], { refuse, spend }: CallContext): Set<PickleValue> {
  if ((items !== undefined && !Array.isArray(items)) || rest.length > 0)
    return refuse(`expected a set of a list, got ${show(items)}.`);
  spend((items as readonly PickleValue[] | undefined)?.length ?? 0);
  return new Set(items as readonly PickleValue[] | undefined);
}

/** `_codecs.encode(text, 'latin1')`: how bytes are written in protocol 2. */
function latin1Bytes(
  [text = '', encoding, ...rest]: readonly PickleValue[],
  { refuse, spend }: CallContext,
): Uint8Array {
  if (text instanceof Uint8Array && encoding === undefined) return text;
  if (typeof text !== 'string' || rest.length > 0 || (text !== '' && encoding !== 'latin1' && encoding !== 'latin-1'))
    return refuse(`expected bytes as text in latin1, got ${show(text)} in ${show(encoding)}.`);
  spend(Math.ceil(text.length / 64));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 255)
      return refuse(`expected bytes as text in latin1, got the character ${show(text[i])}.`);
    bytes[i] = text.charCodeAt(i);
  }
  return bytes;
}

function device([type, index = null, ...rest]: readonly PickleValue[], { refuse }: CallContext): PickleObject {
  if (typeof type !== 'string' || (index !== null && typeof index !== 'number') || rest.length > 0)
    return refuse(`expected a device of a name and a number, got ${show(type)} and ${show(index)}.`);
  const object = new PickleObject('torch.device');
  object.attributes.set('type', type);
  if (index !== null) object.attributes.set('index', index);
  return object;
}
