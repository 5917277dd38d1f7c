import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { download } from './client.js';
import { cudaSpace, requirementName } from './cuda.js';
import { NativeError } from './errors.js';
import type { Fetch } from './fetch-runtime.js';
import { assertSpace } from './files.js';
import { expectedWheel } from './pins.js';
import { distributionOf, platformTags, pythonFor, tagFits } from './platform.js';
import { parseWheelName } from './wheel.js';

/** A wheel on disk. A downloaded one (`index`) is ours to delete, one given by hand (`file`) is not. */
export interface WheelSource {
  readonly path: string;
  readonly origin: 'index' | 'file';
}

/** The TensorFlow wheel: the one given by hand, else from the index. */
export async function tensorflowWheel(fetch: Fetch): Promise<WheelSource> {
  const { cache, target, glibc, gpu, version, from } = fetch;
  if (from) return { path: resolve(from), origin: 'file' };
  const distribution = distributionOf(target, gpu);
  const expected = expectedWheel(distribution, version, platformTags(target, glibc));
  // Of another version the size is not known before: the largest so far is assumed.
  const { size, unpacked } = expected ?? { size: 600_000_000, unpacked: 1_300_000_000 };
  const cuda = gpu ? cudaSpace.wheels + cudaSpace.unpacked : 0;
  await assertSpace(cache.root, size + unpacked + cuda, `installing ${distribution} ${version}`);
  const requirement = `${distribution}==${version}${/^\d+\.\d+$/.test(version) ? '.*' : ''}`;
  const [path] = await bring(fetch, [requirement], 'wheel', requirement, expected?.size);
  if (path) return { path, origin: 'index' };
  throw new NativeError(
    'CLIENT_FAILED',
    `native: expected a wheel of ${requirement}, but the PyPI client reported success and left none. Run \`pip download\` by hand to see why.`,
  );
}

/** The nvidia wheels for these requirements: those beside a wheel given by hand, the rest from the index. */
export async function cudaWheels(fetch: Fetch, requirements: readonly string[]): Promise<WheelSource[]> {
  const local = await nvidiaWheelsBeside(fetch);
  const missing = requirements.filter((requirement) => !local.has(requirementName(requirement)));
  const found = requirements.flatMap((requirement) => local.get(requirementName(requirement)) ?? []);
  if (missing.length > 0)
    await assertSpace(fetch.cache.root, cudaSpace.wheels + cudaSpace.unpacked, 'the CUDA libraries');
  const brought = missing.length > 0 ? await bring(fetch, missing, 'cuda', `${missing.length} CUDA wheels`) : [];
  return [
    ...found.map((path) => ({ path, origin: 'file' as const })),
    ...brought.map((path) => ({ path, origin: 'index' as const })),
  ];
}

/** Distribution → path of the fitting nvidia wheels in the folder of a wheel given by hand. */
async function nvidiaWheelsBeside({ from, target }: Fetch): Promise<Map<string, string>> {
  const local = new Map<string, string>();
  if (!from) return local;
  const folder = dirname(resolve(from));
  for (const name of await readdir(folder)) {
    if (!/^nvidia_.*\.whl$/.test(name)) continue;
    const { distribution, platform } = parseWheelName(name);
    if (tagFits(target, platform)) local.set(distribution, join(folder, name));
  }
  return local;
}

async function bring(
  fetch: Fetch,
  requirements: readonly string[],
  folder: string,
  what: string,
  total?: number,
): Promise<string[]> {
  const { target, glibc, version, dir, env, signal, onProgress } = fetch;
  const client = await fetch.client();
  const message = `downloading ${what} with ${[client.command, ...client.args].join(' ')}`;
  const tell = (bytes: number) =>
    onProgress({ stage: 'download', message, bytes, ...(total === undefined ? {} : { total }) });
  tell(0);
  return download(client, {
    requirements,
    tags: platformTags(target, glibc),
    python: pythonFor(version),
    dest: join(dir, folder),
    temporary: join(dir, 'pip'),
    env,
    signal,
    onBytes: tell,
  });
}
