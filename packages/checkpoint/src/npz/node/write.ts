import { asBytes, dataFault, requireLittleEndian, specFault } from '../../dtype.js';
import { writeAtomic, writeFully } from '../../node/atomic.js';
import type { WritableTensor } from '../../node/write.js';
import { ZipPlan } from '../../zip/write.js';
import { NpzError } from '../error.js';
import { npyHeader } from '../npy-header.js';

/**
 * Writes an .npz file as `numpy.savez` does, which `numpy.load` reads: whole or not at all, in the memory of the largest
 * tensor. BF16 becomes two opaque bytes an element, as jax and big_vision have it.
 * @throws NpzError for unusable names or data, CheckpointError when the file system refuses.
 */
export async function writeNpz(path: string, entries: Iterable<readonly [string, WritableTensor]>): Promise<void> {
  requireLittleEndian({ file: path });
  const seen = new Set<string>();
  const given = [...entries];
  for (const [tensor, spec] of given) {
    const fault = seen.has(tensor) ? 'expected every name once, got it twice' : specFault(spec);
    if (fault) throw new NpzError(`${fault}. Correct it before writing.`, { file: path, tensor });
    seen.add(tensor);
  }
  const plan = new ZipPlan();
  await writeAtomic(path, async (handle) => {
    for (const [tensor, spec] of given) {
      const data = typeof spec.data === 'function' ? await spec.data() : spec.data;
      const fault = dataFault(spec, data);
      if (fault) throw new NpzError(`${fault}. Correct its dtype or shape.`, { file: path, tensor });
      const bytes = Buffer.concat([npyHeader(spec), asBytes(data)]);
      await writeFully(handle, plan.head(`${tensor}.npy`, bytes));
      await writeFully(handle, bytes);
    }
    await writeFully(handle, plan.end());
  });
}
