import { readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Cache, publish, withTemporaryFolder } from './cache.js';
import { download, findClient, type PypiClient } from './client.js';
import { cudaRequirements, cudaSpace, isCudaRuntimeFile, requirementName } from './cuda.js';
import { isErrno, NativeError } from './errors.js';
import { assertSpace, sha256OfFile, statOrUndefined, writeFileAtomic } from './files.js';
import { collectHeaders } from './headers.js';
import { expectedWheel, pins } from './pins.js';
import { distributionOf, libraryNames, platformTags, pythonFor, type Target, tagFits } from './platform.js';
import type { OnProgress } from './progress.js';
import {
  type CachedRuntime,
  manifestName,
  type Runtime,
  type RuntimeFile,
  type RuntimeWheel,
  readRuntime,
  runtimePath,
} from './runtime.js';
import { extractMember, parseWheelName, readMetadata, type Wheel, withWheel } from './wheel.js';

export interface FetchOptions {
  readonly cache: Cache;
  readonly target: Target;
  readonly glibc?: string | undefined;
  readonly gpu: boolean;
  /** `2.21.0`, or `2.21` for its latest patch. */
  readonly version: string;
  /** A wheel on disk instead of one from the index; nvidia wheels beside it are used as well. */
  readonly from?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: OnProgress;
}

/** What every step of one fetch shares. */
interface Work extends FetchOptions {
  /** Temporary folder on the cache's disk. */
  readonly dir: string;
  /** The folder being filled, published as a whole at the end. */
  readonly out: string;
  readonly files: RuntimeFile[];
  readonly client: () => Promise<PypiClient>;
}

/**
 * Brings a runtime into the cache: gets the wheel, checks it, takes out libraries and C headers (and CUDA's libraries),
 * each file checked against RECORD, and publishes the folder in one rename. On failure the cache is as it was.
 */
export function fetchRuntime(options: FetchOptions): Promise<CachedRuntime> {
  const { cache, env, signal } = options;
  return withTemporaryFolder(cache, async (dir) => {
    let client: Promise<PypiClient> | undefined;
    const work: Work = {
      ...options,
      dir,
      out: join(dir, 'runtime'),
      files: [],
      client: () => {
        client ??= findClient({ env, signal });
        return client;
      },
    };
    const runtime = await fill(work);
    const place = runtimePath(cache, options.target, options.gpu, runtime.version);
    await writeFileAtomic(join(work.out, manifestName), `${JSON.stringify(runtime, null, 2)}\n`);
    await publish(cache, work.out, place);
    const cached = await readRuntime(place);
    if (!cached)
      throw new NativeError(
        'HASH_MISMATCH',
        `native: ${place}: the manifest just written cannot be read back. Check the disk.`,
      );
    return cached;
  });
}

async function fill(work: Work): Promise<Runtime> {
  const { target, gpu, from } = work;
  const wheelPath = from ? resolve(from) : await downloadTensorflow(work);
  const { wheel, distribution, version, requirements } = await unpack(
    work,
    wheelPath,
    from ? 'file' : 'index',
    async (opened) => {
      if (from) assertFits(opened, target, gpu);
      const members = libraryNames(target).map(({ file }) => ({ member: `tensorflow/${file}`, path: `lib/${file}` }));
      return {
        members,
        requirements: gpu ? cudaRequirements(await readMetadata(opened)) : [],
        headers: await collectHeaders(opened),
      };
    },
  );
  const wheels = [wheel];
  if (gpu) {
    if (requirements.length === 0)
      throw new NativeError(
        'BAD_WHEEL',
        `native: ${wheel.file} names no nvidia wheels under and-cuda: it is no GPU build. Choose another version, or install without --gpu.`,
      );
    for (const path of await cudaWheels(work, requirements)) {
      const cuda = await unpack(
        work,
        path,
        dirname(path) === join(work.dir, 'cuda') ? 'index' : 'file',
        async (opened) => ({
          members: [...opened.members.keys()].filter(isCudaRuntimeFile).map((member) => ({ member, path: member })),
          requirements: [],
        }),
      );
      wheels.push(cuda.wheel);
    }
  }
  return { distribution, version, platform: target.platform, arch: target.arch, gpu, wheels, files: work.files };
}

async function downloadTensorflow(work: Work): Promise<string> {
  const { cache, dir, target, glibc, gpu, version, env, signal, onProgress } = work;
  const distribution = distributionOf(target, gpu);
  const tags = platformTags(target, glibc);
  const expected = expectedWheel(distribution, version, tags);
  const { size, unpacked } = expected ?? { size: 600_000_000, unpacked: 1_300_000_000 };
  const cuda = gpu ? cudaSpace.wheels + cudaSpace.unpacked : 0;
  await assertSpace(cache.root, size + unpacked + cuda, `installing ${distribution} ${version}`);
  const client = await work.client();
  const requirement = `${distribution}==${version}${/^\d+\.\d+$/.test(version) ? '.*' : ''}`;
  onProgress({
    stage: 'download',
    message: `downloading ${requirement} with ${[client.command, ...client.args].join(' ')}`,
    bytes: 0,
    ...(expected ? { total: size } : {}),
  });
  const wheels = await download(client, {
    requirements: [requirement],
    tags,
    python: pythonFor(version),
    dest: join(dir, 'wheel'),
    temporary: join(dir, 'pip'),
    env,
    signal,
    onBytes: (bytes) =>
      onProgress({
        stage: 'download',
        message: `downloading ${requirement}`,
        bytes,
        ...(expected ? { total: size } : {}),
      }),
  });
  const [path] = wheels;
  if (!path)
    throw new NativeError(
      'CLIENT_FAILED',
      `native: the PyPI client reported success for ${requirement} but left no wheel. Run \`pip download\` by hand to see why.`,
    );
  return path;
}

/** Paths of the nvidia wheels: those beside a wheel given by hand, the rest from the index. */
async function cudaWheels(work: Work, requirements: readonly string[]): Promise<string[]> {
  const { from, target, glibc, dir, cache, version, env, signal, onProgress } = work;
  const beside = from ? dirname(resolve(from)) : undefined;
  const local = new Map<string, string>();
  if (beside)
    for (const name of await readdir(beside))
      if (name.startsWith('nvidia_') && name.endsWith('.whl')) {
        const { distribution, platform } = parseWheelName(name);
        if (tagFits(target, platform)) local.set(distribution, join(beside, name));
      }
  const missing = requirements.filter((requirement) => !local.has(requirementName(requirement)));
  const found = requirements.flatMap((requirement) => local.get(requirementName(requirement)) ?? []);
  if (missing.length === 0) return found;
  await assertSpace(cache.root, cudaSpace.wheels + cudaSpace.unpacked, 'the CUDA libraries');
  const message = `downloading ${missing.length} CUDA wheels`;
  onProgress({ stage: 'download', message, bytes: 0 });
  const dest = join(dir, 'cuda');
  const downloaded = await download(await work.client(), {
    requirements: missing,
    tags: platformTags(target, glibc),
    python: pythonFor(version),
    dest,
    temporary: join(dir, 'pip'),
    env,
    signal,
    onBytes: (bytes) => onProgress({ stage: 'download', message, bytes }),
  });
  return [...found, ...downloaded];
}

interface Selection {
  readonly members: readonly { readonly member: string; readonly path: string }[];
  readonly requirements: readonly string[];
  readonly headers?: ReadonlyMap<string, Buffer>;
}

/** Checks a wheel and takes the chosen members out of it; returns what the manifest says of it. */
async function unpack(
  work: Work,
  path: string,
  origin: 'index' | 'file',
  select: (wheel: Wheel) => Promise<Selection>,
) {
  const { cache, out, files, signal, onProgress } = work;
  const { file } = parseWheelName(path);
  onProgress({ stage: 'verify', message: `checking ${file}` });
  const pin = pins[file];
  const stats = await statOrUndefined(path);
  if (!stats)
    throw new NativeError('BAD_WHEEL', `native: expected a wheel, got no such file: ${path}. Check the path.`);
  const sha256 = await sha256OfFile(path, signal);
  if (pin && pin.sha256 !== sha256)
    throw new NativeError(
      'HASH_MISMATCH',
      `native: ${file}: expected sha256 ${pin.sha256}, got ${sha256}. The wheel was changed or damaged: nothing of it was kept. Download it again.`,
    );
  return withWheel(path, async (wheel) => {
    const { members, requirements, headers = new Map<string, Buffer>() } = await select(wheel);
    const total = members.reduce((sum, { member }) => sum + (wheel.record.get(member)?.size ?? 0), 0);
    await assertSpace(cache.root, total, `unpacking ${file}`);
    let bytes = 0;
    let told = 0;
    for (const { member, path: place } of members) {
      const recorded = await extractMember(wheel, member, join(out, place), {
        mode: /\/bin\//.test(member) ? 0o755 : 0o644,
        signal,
        onChunk: (length) => {
          bytes += length;
          if (bytes - told < 16_000_000 && bytes < total) return;
          told = bytes;
          onProgress({ stage: 'extract', message: `unpacking ${file}`, bytes, total });
        },
      });
      files.push({ path: place, ...recorded });
    }
    for (const header of headers.keys()) {
      const place = `include/${header}`;
      files.push({
        path: place,
        ...(await extractMember(wheel, `tensorflow/include/${header}`, join(out, place), { signal })),
      });
    }
    const verified: RuntimeWheel['verified'] = pin ? 'pinned' : origin;
    // A build made elsewhere may be called otherwise; assertFits has refused other names where that matters.
    const distribution: Runtime['distribution'] =
      wheel.distribution === 'tensorflow-cpu' ? 'tensorflow-cpu' : 'tensorflow';
    return { wheel: { file, sha256, verified }, distribution, version: wheel.version, requirements };
  }).finally(() => (origin === 'index' ? discard(path) : undefined));
}

/** Frees a downloaded wheel's space as soon as it is unpacked. */
async function discard(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT')) throw error;
  });
}

/** @throws NativeError if a wheel given by hand is for another machine or another distribution */
function assertFits(wheel: Wheel, target: Target, gpu: boolean): void {
  const expected = distributionOf(target, gpu);
  const other = expected === 'tensorflow-cpu' ? 'tensorflow' : undefined;
  if (wheel.distribution !== expected && wheel.distribution !== other)
    throw new NativeError(
      'BAD_WHEEL',
      `native: expected a wheel of ${expected}, got ${wheel.file}.${gpu ? ' The CUDA build is in the one called tensorflow.' : ''}`,
    );
  if (!tagFits(target, wheel.platform))
    throw new NativeError(
      'UNSUPPORTED_PLATFORM',
      `native: expected a wheel for ${target.platform} ${target.arch}, got ${wheel.file}. Take the one with tag ${platformTags(target)[0]} or like it.`,
    );
}
