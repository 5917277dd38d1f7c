import { asTypedArray, type StoredTensor } from '../dtype.js';
import { readHeader } from './header.js';

/**
 * Reads a whole safetensors file: name → tensor, in the order of its header. The tensors look into `bytes` where they
 * lie aligned for their type (files written by this package and by Python's do, in a fresh buffer) and are copies else.
 * @param options.label what to call the file in errors, usually its path.
 * @throws SafetensorsError for anything that breaks the format.
 */
export function parseSafetensors(
  bytes: Uint8Array,
  options: { readonly label?: string } = {},
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of readHeader(bytes, { label: options.label }).tensors)
    tensors.set(name, { dtype, shape, data: asTypedArray(dtype, bytes.subarray(begin, end)) });
  return tensors;
}
