import type { StoredTensor } from '@gss/tensor';
import type { Check } from './family.js';

/** Keys in alphabetical order, throughout: the order of an object's keys means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** Data of other kinds than numbers: equal if written alike as JSON. */
export function same(name: string, actual: unknown, expected: unknown): Check {
  const [a, b] = [JSON.stringify(sorted(actual)), JSON.stringify(sorted(expected))];
  const at = Array.from(b ?? '').findIndex((letter, i) => letter !== a?.[i]);
  const around = (text = 'nothing') => text.slice(Math.max(0, at - 20), at + 40);
  return {
    name,
    actual: [a === b ? 0 : 1],
    expected: [0],
    exact: true,
    note: `is …${around(a)}…, expected …${around(b)}…`,
  };
}

/** The same names in any order. */
export function sameNames(name: string, actual: Iterable<string>, expected: Iterable<string>): Check {
  const [ours, theirs] = [new Set(actual), new Set(expected)];
  const missing = [...theirs].filter((key) => !ours.has(key));
  const unexpected = [...ours].filter((key) => !theirs.has(key));
  const told = (word: string, keys: readonly string[]) =>
    keys.length > 0 ? `${keys.length} ${word} (${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', …' : ''})` : '';
  return {
    name: `${name} (differing)`,
    actual: [missing.length, unexpected.length],
    expected: [0, 0],
    exact: true,
    note: [told('missing', missing), told('unexpected', unexpected)].filter(Boolean).join(', '),
  };
}

const bytesOf = ({ data }: StoredTensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Type, shape and every bit. */
export function sameTensor(name: string, actual: StoredTensor | undefined, expected: StoredTensor): Check {
  const form = (tensor: StoredTensor | undefined) => tensor && `${tensor.dtype} [${tensor.shape.join(', ')}]`;
  if (!actual || form(actual) !== form(expected))
    return {
      ...same(name, form(actual) ?? 'missing', form(expected)),
      note: `is ${form(actual)}, not ${form(expected)}`,
    };
  return { name, actual: bytesOf(actual), expected: bytesOf(expected), exact: true };
}
