import { join } from 'node:path';
import { type Cache, publish, withTemporaryFolder } from './cache.js';
import type { PypiClient } from './client.js';
import { cudaRequirements, gatherCudaLibraries, isCudaRuntimeFile } from './cuda.js';
import { NativeError } from './errors.js';
import { sha256OfFile, writeFileAtomic } from './files.js';
import { collectHeaders } from './headers.js';
import { cudaWheels, tensorflowWheel } from './obtain-wheels.js';
import { libraryNames, type Target } from './platform.js';
import type { OnProgress } from './progress.js';
import {
  type CachedRuntime,
  manifestName,
  type Runtime,
  type RuntimeFile,
  readRuntime,
  runtimePath,
} from './runtime.js';
import { assertFits, unpackWheel } from './unpack-wheel.js';
import { readMetadata } from './wheel.js';

export interface FetchOptions {
  readonly cache: Cache;
  readonly target: Target;
  readonly glibc?: string | undefined;
  readonly gpu: boolean;
  /** `2.21.0`, or `2.21` for its latest patch. */
  readonly version: string;
  /** A wheel on disk instead of one from the index; nvidia wheels beside it are used as well. */
  readonly from?: string | undefined;
  /** Finds the client when it is needed. */
  readonly client: () => Promise<PypiClient>;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: OnProgress;
}

/** What every step of one fetch shares. */
export interface Fetch extends FetchOptions {
  /** Temporary folder on the cache's disk. */
  readonly dir: string;
  /** The folder being filled, published as a whole at the end. */
  readonly out: string;
}

/** True if the runtime that lies there has these very files, every one with its hash. */
async function isThere(place: string, files: readonly RuntimeFile[]): Promise<boolean> {
  const runtime = await readRuntime(place);
  if (JSON.stringify(runtime?.files) !== JSON.stringify(files)) return false;
  for (const { path, sha256 } of files) {
    const found = await sha256OfFile(join(place, path)).catch(() => undefined);
    if (found !== sha256) return false;
  }
  return true;
}

/**
 * Brings a runtime into the cache: gets the wheel, checks it, takes out libraries and C headers (and CUDA's libraries),
 * each file checked against RECORD, and publishes the folder in one rename. On failure the cache is as it was.
 */
export function fetchRuntime(options: FetchOptions): Promise<CachedRuntime> {
  return withTemporaryFolder(options.cache, async (dir) => {
    const fetch: Fetch = { ...options, dir, out: join(dir, 'runtime') };
    const runtime = await fill(fetch);
    const place = runtimePath(options.cache, options.target, options.gpu, runtime.version);
    await writeFileAtomic(join(fetch.out, manifestName), `${JSON.stringify(runtime, null, 2)}\n`);
    await publish(options.cache, fetch.out, place, () => isThere(place, runtime.files));
    const cached = await readRuntime(place);
    if (cached) return cached;
    throw new NativeError(
      'HASH_MISMATCH',
      `native: ${place}: expected the manifest that was just written, got none. Check the disk.`,
    );
  });
}

/** Fills the folder with all that a runtime consists of and returns what is to be written about it. */
async function fill(fetch: Fetch): Promise<Runtime> {
  const { target, gpu } = fetch;
  const source = await tensorflowWheel(fetch);
  let requirements: string[] = [];
  const tensorflow = await unpackWheel(fetch, source, async (wheel) => {
    assertFits(wheel, target, gpu);
    if (gpu) requirements = cudaRequirements(await readMetadata(wheel));
    const libraries = libraryNames(target).map(({ file }) => [`tensorflow/${file}`, `lib/${file}`] as const);
    const headers = (await collectHeaders(wheel)).map(
      (header) => [`tensorflow/include/${header}`, `include/${header}`] as const,
    );
    return new Map([...libraries, ...headers]);
  });
  const { distribution, version } = tensorflow;
  const unpacked = [tensorflow];
  if (gpu) {
    if (requirements.length === 0)
      throw new NativeError(
        'BAD_WHEEL',
        `native: ${tensorflow.wheel.file}: expected nvidia wheels under and-cuda in its METADATA, got none. Choose a version from 2.14 on, or install without --gpu.`,
      );
    for (const cuda of await cudaWheels(fetch, requirements))
      unpacked.push(
        await unpackWheel(
          fetch,
          cuda,
          async ({ members }) =>
            new Map([...members.keys()].filter(isCudaRuntimeFile).map((member) => [member, member])),
        ),
      );
    await gatherCudaLibraries(join(fetch.out, 'nvidia'));
  }
  return {
    distribution: distribution === 'tensorflow-cpu' ? 'tensorflow-cpu' : 'tensorflow',
    version,
    platform: target.platform,
    arch: target.arch,
    gpu,
    wheels: unpacked.map(({ wheel }) => wheel),
    files: unpacked.flatMap(({ files }): readonly RuntimeFile[] => files),
  };
}
