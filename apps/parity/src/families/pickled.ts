import { PickleDict, PickleObject, type PickleValue, TorchTensor } from '@gss/checkpoint/pytorch';

/** Plain data as the expected files hold it: dicts as objects, big integers in decimal, bytes in hexadecimal. */
export function plain(value: PickleValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof PickleDict) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return value;
}

/** Class and plain attributes (None left out) of a pickled module and all modules in it, by path; '.' is the module itself. */
export function attributes(value: PickleValue, path = ''): Record<string, unknown> {
  if (!(value instanceof PickleObject)) throw new Error(`${path || 'the file'} holds no module`);
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
  const described = { class: value.className, ...Object.fromEntries(own.map(([name, item]) => [name, plain(item)])) };
  return Object.assign({ [path || '.']: described }, ...children);
}
