import * as zlib from 'node:zlib';
import { writeAtomic, writeFully } from '../../node/atomic.js';
import type { WritableTensor } from '../../node/write.js';
import { crc32 } from '../../zip/crc32.js';
import { ZipPlan } from '../../zip/write.js';
import { archiveRoot, bytesOfTensor, membersBefore, membersBehind, storageAlignment } from '../serialize.js';
import { checkEntries, type PyTorchWriteOptions, pickleStateDict } from '../write-state-dict.js';

/** Node's own check sum where it has one (from 20.15 and 22.2 on): several times as fast. */
const checksum: (bytes: Uint8Array) => number =
  'crc32' in zlib ? (zlib as unknown as { crc32: typeof crc32 }).crc32 : crc32;

/**
 * Writes a checkpoint that `torch.load` reads, with `weights_only=True` too: whole or not at all, as `writeSafetensors`
 * does, and in the memory of the largest tensor when the entries give their data by functions or properties.
 * @param options.meta puts it beside the state dict as mmsegmentation does, `{ meta, state_dict }`.
 * @throws PyTorchError for unusable names, data or metadata, CheckpointError when the file system refuses.
 */
export async function writePyTorch(
  path: string,
  entries: Iterable<readonly [string, WritableTensor]> | AsyncIterable<readonly [string, WritableTensor]>,
  options: PyTorchWriteOptions = {},
): Promise<void> {
  const listed: (readonly [string, WritableTensor])[] = [];
  for await (const entry of entries) listed.push(entry);
  const given = checkEntries(listed, path);
  const pickle = pickleStateDict(given, options, path);
  const plan = new ZipPlan(storageAlignment, checksum);
  await writeAtomic(path, async (handle) => {
    const add = async (name: string, bytes: Uint8Array) => {
      await writeFully(handle, plan.head(name, bytes));
      await writeFully(handle, bytes);
    };
    for (const [name, bytes] of membersBefore(pickle)) await add(name, bytes);
    for (const [i, [name, tensor]] of given.entries()) {
      const { data: give } = tensor; // once: a getter may read it from a file
      const data = typeof give === 'function' ? await give() : give;
      await add(`${archiveRoot}/data/${i}`, bytesOfTensor(path, name, tensor, data));
    }
    for (const [name, bytes] of membersBehind()) await add(name, bytes);
    await writeFully(handle, plan.end());
  });
}
