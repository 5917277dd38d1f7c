import { readMember, type Wheel } from './wheel.js';

/** Where tfjs-node's binding and our use of the C API begin; everything that these include follows. */
const entryHeaders = [
  'tensorflow/c/c_api.h',
  'tensorflow/c/c_api_experimental.h',
  'tensorflow/c/eager/c_api.h',
  'tensorflow/c/eager/c_api_experimental.h',
  'tensorflow/c/tf_datatype.h',
  'tensorflow/c/tf_status.h',
  'tensorflow/c/tf_tensor.h',
  'tensorflow/core/platform/ctstring_internal.h',
];

/**
 * Paths of a wheel's C headers below `tensorflow/include`, followed from include to include. A wheel carries 13 000
 * headers (270 MB), of which the C API needs 16; which ones differs between versions.
 */
export async function collectHeaders(wheel: Wheel): Promise<string[]> {
  const headers = new Set<string>();
  const waiting = [...entryHeaders];
  for (let header = waiting.pop(); header !== undefined; header = waiting.pop()) {
    const member = `tensorflow/include/${header}`;
    if (headers.has(header) || !wheel.members.has(member)) continue;
    headers.add(header);
    const text = (await readMember(wheel, member)).toString('latin1');
    for (const [, included = ''] of text.matchAll(/^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]/gm))
      waiting.push(included);
  }
  return [...headers].sort();
}
