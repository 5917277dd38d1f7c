import { asBytes, type StoredTensor } from '../dtype.js';
import { layOut, type Metadata, requireData } from './layout.js';

/**
 * A whole safetensors file in memory; `writeSafetensors` of `@gss/checkpoint/node` writes one piece by piece. The header
 * keeps the order of the entries.
 * @param entries name → tensor, for example a Map.
 * @param metadata strings to keep beside them.
 * @throws SafetensorsError for duplicate or unusable names, and data that is not what dtype and shape say.
 */
export function serializeSafetensors(
  entries: Iterable<readonly [string, StoredTensor]>,
  metadata: Metadata = {},
): Uint8Array {
  const { head, order, size } = layOut(entries, metadata, 'serializeSafetensors');
  for (const [name, tensor] of order) requireData('serializeSafetensors', name, tensor, tensor.data);
  const file = new Uint8Array(size);
  file.set(head);
  let at = head.length;
  for (const [, { data }] of order) {
    file.set(asBytes(data), at);
    at += data.byteLength;
  }
  return file;
}
