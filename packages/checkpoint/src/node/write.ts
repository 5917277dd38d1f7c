import { asBytes, type TensorSpec, type TypedArray } from '../dtype.js';
import { layOut, type Metadata, requireData } from '../safetensors/layout.js';
import { writeAtomic, writeFully } from './atomic.js';

/** A tensor to be written: its data at hand, or a function that fetches it when its turn has come. */
export interface WritableTensor extends TensorSpec {
  readonly data: TypedArray | (() => TypedArray | Promise<TypedArray>);
}

/** Small tensors are gathered into writes of about this size. */
const gatherBytes = 1 << 20;

/**
 * Writes a safetensors file whole or not at all: into a temporary file in the same folder, flushed, then renamed. A
 * failure (also of an entry's own data function) leaves the old file untouched.
 *
 * Memory stays bounded by the largest tensor when the entries give their data by functions: each is called once, in
 * turn, and its result let go. The header keeps the order of the entries.
 * @param entries name → tensor: a Map, or any (async) iterable. Names and specs of all are taken before the first data.
 * @param metadata strings to keep beside them.
 * @throws SafetensorsError for unusable names or data that is not what its spec says, CheckpointError when the file
 * system refuses.
 */
export async function writeSafetensors(
  path: string,
  entries: Iterable<readonly [string, WritableTensor]> | AsyncIterable<readonly [string, WritableTensor]>,
  metadata: Metadata = {},
): Promise<void> {
  const given: (readonly [string, WritableTensor])[] = [];
  for await (const entry of entries) given.push(entry);
  const { head, order } = layOut(given, metadata, path);
  await writeAtomic(path, async (handle) => {
    let gathered: Uint8Array[] = [head];
    let size = head.length;
    const flush = async () => {
      await writeFully(handle, Buffer.concat(gathered, size));
      gathered = [];
      size = 0;
    };
    for (const [name, tensor] of order) {
      const { data: given } = tensor; // once: a getter may read it from a file
      const data = typeof given === 'function' ? await given() : given;
      const bytes = asBytes(requireData(path, name, tensor, data));
      if (bytes.length >= gatherBytes) {
        await flush();
        await writeFully(handle, bytes);
      } else {
        // A copy: the function that gave the data may use its array again.
        gathered.push(bytes.slice());
        size += bytes.length;
        if (size >= gatherBytes) await flush();
      }
    }
    await flush();
  });
}
