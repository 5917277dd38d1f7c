import type { TorchTensor } from './tensor.js';

/**
 * What a pickle holds, as plain data: None is null, int a number (a bigint beyond 2^53), float a number, str a string,
 * bytes a Uint8Array, list an array, tuple a frozen array.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PickleValue[]
  | PickleDict
  | ReadonlySet<PickleValue>
  | PickleObject
  | PickleName
  | TorchTensor;

/** A dict or OrderedDict, in its order. */
export class PickleDict extends Map<PickleValue, PickleValue> {
  /** What was set on the OrderedDict itself, such as `_metadata` on a state dict. */
  attributes: PickleDict | undefined = undefined;
}

/** An object of a class that is on the list: its attributes only. The class itself is never looked at. */
export class PickleObject {
  /** Attributes by name, in the order they were set. */
  readonly attributes = new PickleDict();
  /** Entries, when the class is a kind of dict. */
  readonly items = new PickleDict();
  constructor(
    /** Module and name, such as `torch.nn.modules.container.Sequential`. */
    readonly className: string,
  ) {}
}

/** A class, a dtype or a function that the pickle mentions: its name and nothing else. */
export class PickleName {
  constructor(
    /** Module and name, such as `torch.float32`. */
    readonly name: string,
  ) {}
}

/** A list as the machine builds it. */
export const isList = (value: unknown): value is PickleValue[] => Array.isArray(value) && !Object.isFrozen(value);
/** A tuple as the machine makes it. */
export const isTuple = (value: unknown): value is readonly PickleValue[] =>
  Array.isArray(value) && Object.isFrozen(value);
