import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, makeFolder } from './files.js';

/**
 * The wheels of CUDA's libraries that a TensorFlow wheel names for its extra `and-cuda`, as pip requirements:
 * `nvidia-cudnn-cu12<10.0,>=9.3.0.75`. None for a CPU wheel of an older kind.
 */
export function cudaRequirements(metadata: string): string[] {
  return [...metadata.matchAll(/^Requires-Dist:\s*(nvidia-[^;\n]+);[^\n]*extra\s*==\s*["']and-cuda["']/gm)].map(
    ([, requirement = '']) => requirement.replace(/[\s()]/g, ''),
  );
}

/** The distribution that a requirement names. */
export const requirementName = (requirement: string): string =>
  /^[A-Za-z0-9._-]+/.exec(requirement)?.[0].toLowerCase() ?? requirement;

/**
 * Which files of an nvidia wheel are used at run time: shared libraries, and the two tools and the bitcode with which
 * XLA compiles kernels. Headers and static libraries (most files) are left.
 */
export const isCudaRuntimeFile = (member: string): boolean =>
  /^nvidia\/[^/]+\/lib\/[^/]+\.so(\.\d+)*$/.test(member) ||
  /^nvidia\/cuda_nvcc\/(bin\/(ptxas|nvlink)|nvvm\/libdevice\/[^/]+\.bc)$/.test(member);

/** Bytes to have free for CUDA's wheels and libraries before their true sizes are known. */
export const cudaSpace = { wheels: 3_000_000_000, unpacked: 5_000_000_000 };

/**
 * Links every CUDA library into `cuda_runtime/lib`, where TensorFlow's loader looks in any case. Its framework library
 * opens cuSOLVER, but has that folder in no search path of its own (2.21), and one missing library is enough for it to
 * leave all GPUs unused. A library opened through such a link still finds its siblings at `$ORIGIN/../../NAME/lib`.
 */
export async function gatherCudaLibraries(nvidia: string): Promise<void> {
  const gathered = join(nvidia, 'cuda_runtime', 'lib');
  await makeFolder(gathered);
  for (const part of (await readdir(nvidia)).sort()) {
    if (part === 'cuda_runtime') continue;
    for (const library of await readdir(join(nvidia, part, 'lib')).catch(() => []))
      if (!(await exists(join(gathered, library))))
        await symlink(join('..', '..', part, 'lib', library), join(gathered, library));
  }
}
