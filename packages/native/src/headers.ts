import { readMember, type Wheel } from './wheel.js';

const includeRoot = 'tensorflow/include/';

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
 * The C headers of a wheel, followed from include to include: members by their path under `include/`. A wheel carries
 * 13 000 headers (270 MB), of which the C API needs two dozen; which ones differs between versions.
 */
export async function collectHeaders(wheel: Wheel): Promise<Map<string, Buffer>> {
  const headers = new Map<string, Buffer>();
  const waiting = [...entryHeaders];
  for (let header = waiting.pop(); header !== undefined; header = waiting.pop()) {
    const member = `${includeRoot}${header}`;
    if (headers.has(header) || !wheel.members.has(member)) continue;
    const text = await readMember(wheel, member);
    headers.set(header, text);
    for (const [, included = ''] of text.toString('latin1').matchAll(/^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]/gm))
      waiting.push(included);
  }
  return headers;
}
