import { quote, show } from '../errors.js';
import { PyTorchError } from './error.js';
import type { Refuse } from './rebuild.js';
import { TorchTensor } from './tensor.js';
import { PickleDict, PickleObject, type PickleValue } from './values.js';

/** Where checkpoints keep their state dict: mmsegmentation and Lightning, then Swin and timm. */
const wrappers = ['state_dict', 'model'] as const;

/**
 * The state dict in a checkpoint, wherever it is kept, or under `key`.
 * @throws PyTorchError when there is none.
 */
export function stateDictOf(value: PickleValue, file: string, key?: string): Map<string, TorchTensor> {
  if (key !== undefined) {
    const inner = value instanceof PickleDict ? value.get(key) : undefined;
    if (inner !== undefined) return stateDictOf(inner, file);
    const found = value instanceof PickleDict ? `a dict of ${keysOf(value)}` : show(value);
    throw new PyTorchError(`expected a state dict under ${quote(key)}, got ${found}. Take another key.`, { file });
  }
  const refuse = (message: string, tensor?: string): never => {
    throw new PyTorchError(message, { file, tensor });
  };
  if (value instanceof PickleObject) return moduleStateDict(value, file);
  if (!(value instanceof PickleDict))
    return refuse(`expected a state dict, a dict with one, or a module, got ${show(value)}. Look into value.`);
  for (const key of wrappers) {
    const inner = value.get(key);
    if (inner instanceof PickleDict || inner instanceof PickleObject) return stateDictOf(inner, file);
  }
  const tensors = new Map<string, TorchTensor>();
  for (const [name, tensor] of value) {
    if (typeof name === 'string' && tensor instanceof TorchTensor) tensors.set(name, tensor);
    // nn.Module.get_extra_state may put anything there; PyTorch itself keeps it apart from parameters.
    else if (!(typeof name === 'string' && /(^|\.)_extra_state$/.test(name)))
      return refuse(
        `expected a tensor for every name, got ${show(tensor)} at ${typeof name === 'string' ? quote(name) : show(name)} beside ${keysOf(value)}. Name the key that the state dict lies under.`,
      );
  }
  return tensors;
}

const keysOf = (dict: PickleDict): string =>
  [...dict.keys()]
    .slice(0, 8)
    .map((key) => show(key))
    .join(', ') + (dict.size > 8 ? `, … (${dict.size} keys)` : '');

/**
 * The state dict of a whole pickled module, as its `state_dict()` would give it: names, order (own parameters, own
 * persistent buffers, then the children) and what is left out (None, buffers that are not persistent).
 * @param value a `PickleObject` of an `nn.Module`.
 * @throws PyTorchError when something else is found.
 */
export function moduleStateDict(value: PickleValue, file = 'checkpoint'): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  collect(value, '', tensors, file);
  return tensors;
}

function collect(module: PickleValue, prefix: string, into: Map<string, TorchTensor>, file: string): void {
  const where = prefix === '' ? 'the module' : `module ${quote(prefix.slice(0, -1))}`;
  const refuse: Refuse = (message) => {
    throw new PyTorchError(message, { file });
  };
  if (!(module instanceof PickleObject)) refuse(`expected ${where} to be an object, got ${show(module)}.`);
  const member = (name: string): PickleDict => {
    const dict = module.attributes.get(name);
    return dict instanceof PickleDict
      ? dict
      : refuse(`expected ${where} (${module.className}) to have ${name}, got ${show(dict)}. It is no nn.Module.`);
  };
  const transient = module.attributes.get('_non_persistent_buffers_set');
  for (const kind of ['_parameters', '_buffers'])
    for (const [name, tensor] of member(kind)) {
      if (tensor === null || (kind === '_buffers' && transient instanceof Set && transient.has(name))) continue;
      if (typeof name !== 'string' || !(tensor instanceof TorchTensor))
        refuse(`expected tensors in ${kind} of ${where}, got ${show(tensor)} at ${show(name)}.`);
      into.set(prefix + name, tensor);
    }
  for (const [name, child] of member('_modules')) {
    if (typeof name !== 'string') refuse(`expected names in _modules of ${where}, got ${show(name)}.`);
    if (child !== null) collect(child, `${prefix}${name}.`, into, file);
  }
}
