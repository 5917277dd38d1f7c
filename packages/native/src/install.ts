import { cachedBinding, ensureBinding } from './binding.js';
import { type Cache, cacheOf } from './cache.js';
import { findClient, type PypiClient } from './client.js';
import { findCompiler } from './compiler.js';
import { explained, NativeError } from './errors.js';
import { fetchRuntime } from './fetch-runtime.js';
import { sha256OfFile } from './files.js';
import { linkPackage } from './link.js';
import { requirePackages, type TfjsNodePackage } from './packages.js';
import { currentHost, defaultVersion, distributionOf, type Host, type Target, targetOf } from './platform.js';
import type { OnProgress } from './progress.js';
import { type CachedRuntime, damageOf, findCached, type RuntimeWheel } from './runtime.js';
import { parseWheelName } from './wheel.js';

export interface InstallOptions {
  /** Take TensorFlow's CUDA build and the CUDA libraries it names (linux x64; several GB). Default false. */
  readonly gpu?: boolean;
  /** TensorFlow's version, `2.21.0`, or `2.21` for its latest patch. Default 2.21.0 (2.16.2, the last one, on Intel Macs). */
  readonly version?: string;
  /** A TensorFlow wheel on disk, instead of one from the package index; nvidia wheels beside it are used too. */
  readonly from?: string;
  /** A folder of the project; default the current one. */
  readonly projectDir?: string;
  readonly onProgress?: OnProgress;
  /** Aborting stops the client and the compiler; nothing half-written is left. */
  readonly signal?: AbortSignal;
  /** Environment for the cache's place (GSS_CACHE, XDG_CACHE_HOME), the PATH, CXX and the client. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** The machine to install for; default this one. */
  readonly host?: Host;
}

export interface InstallResult {
  readonly tensorflow: string;
  readonly gpu: boolean;
  readonly platform: Target['platform'];
  readonly arch: Target['arch'];
  readonly runtime: {
    readonly path: string;
    readonly bytes: number;
    readonly wheels: readonly RuntimeWheel[];
    /** True if it was in the cache already: nothing was downloaded. */
    readonly cached: boolean;
  };
  readonly packages: readonly {
    readonly path: string;
    readonly version: string;
    /** False if it was ready already. */
    readonly changed: boolean;
    /** True if no compiler had to run. */
    readonly bindingCached: boolean;
  }[];
  readonly seconds: number;
}

/**
 * Provisions libtensorflow for every copy of `@tensorflow/tfjs-node-gpu` that the project can load: takes it out of
 * TensorFlow's own wheel, builds the package's binding against it and links both into the package. Repeating it changes
 * nothing and needs no network; a damaged cache or package is repaired.
 *
 * @throws NativeError; see `NativeErrorCode` for every reason
 */
export function installNative(options: InstallOptions = {}): Promise<InstallResult> {
  return explained('install', async () => {
    const started = performance.now();
    const { gpu = false, projectDir = process.cwd(), onProgress = () => {}, env = process.env, signal, from } = options;
    const host = options.host ?? currentHost();
    const target = targetOf(host);
    distributionOf(target, gpu);
    const version = wantedVersion(options, target);
    const cache = cacheOf(env, host.platform);
    let found: Promise<PypiClient> | undefined;
    const client = () => {
      found ??= findClient({ env, signal });
      return found;
    };
    onProgress({ stage: 'check', message: `looking for @tensorflow/tfjs-node-gpu from ${projectDir}` });
    const packages = await requirePackages(projectDir);

    const known = await usableRuntime({ cache, target, gpu, version, from, signal, onProgress });
    if (!known) {
      // What would fail after minutes of download fails now.
      await requireCompiler(cache, target, version, packages, env, signal);
      if (!from) await client();
    }
    const runtime =
      known ??
      (await fetchRuntime({ cache, target, glibc: host.glibc, gpu, version, from, client, env, signal, onProgress }));

    const results: InstallResult['packages'][number][] = [];
    for (const tfjsNode of packages) {
      const binding = await ensureBinding({ cache, target, runtime, tfjsNode, env, signal, onProgress });
      onProgress({ stage: 'link', message: `linking TensorFlow ${runtime.version} into ${tfjsNode.path}` });
      const changed = await linkPackage(tfjsNode, runtime, binding);
      results.push({ ...tfjsNode, changed, bindingCached: binding.cached });
    }
    const seconds = (performance.now() - started) / 1000;
    onProgress({
      stage: 'done',
      message: `TensorFlow ${runtime.version}${gpu ? ' (CUDA)' : ''} is ready for ${results.length} package(s) after ${seconds.toFixed(1)} s`,
    });
    return {
      tensorflow: runtime.version,
      gpu: runtime.gpu,
      platform: target.platform,
      arch: target.arch,
      runtime: { path: runtime.path, bytes: runtime.size, wheels: runtime.wheels, cached: known !== undefined },
      packages: results,
      seconds,
    };
  });
}

function wantedVersion({ version, from }: InstallOptions, target: Target): string {
  if (from) {
    const named = parseWheelName(from).version;
    if (version !== undefined && named !== version && !named.startsWith(`${version}.`))
      throw new NativeError(
        'BAD_OPTION',
        `native: version ${version} was asked for, got a wheel of ${named}: ${from}. Leave one of the two out.`,
      );
    return named;
  }
  if (version !== undefined && !/^\d+\.\d+(\.\d+)?((a|b|rc|\.post)\d+)?$/.test(version))
    throw new NativeError(
      'BAD_OPTION',
      `native: expected a version like 2.21.0 or 2.21, got ${JSON.stringify(version)}.`,
    );
  return version ?? defaultVersion(target);
}

interface UsableOptions {
  readonly cache: Cache;
  readonly target: Target;
  readonly gpu: boolean;
  readonly version: string;
  readonly from?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: OnProgress;
}

/** The cached runtime if every byte of it is as it was, and, for a wheel given by hand, if it came from that very wheel. */
async function usableRuntime({
  cache,
  target,
  gpu,
  version,
  from,
  signal,
  onProgress,
}: UsableOptions): Promise<CachedRuntime | undefined> {
  const cached = await findCached(cache, target, gpu, version);
  if (!cached) return undefined;
  onProgress({ stage: 'verify', message: `checking ${cached.path}` });
  if (from && cached.wheels[0]?.sha256 !== (await sha256OfFile(from, signal))) return undefined;
  const damage = await damageOf(cached, { content: true, signal });
  if (damage.length === 0) return cached;
  onProgress({ stage: 'verify', message: `the cached copy is damaged (${damage[0]}): fetching it again` });
  return undefined;
}

async function requireCompiler(
  cache: Cache,
  target: Target,
  version: string,
  packages: readonly TfjsNodePackage[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  const built = await Promise.all(
    packages.map((tfjsNode) => cachedBinding({ cache, target, runtimeVersion: version, tfjsNode })),
  );
  if (built.includes(undefined)) await findCompiler({ env, signal });
}
