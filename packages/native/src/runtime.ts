import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cache } from './cache.js';
import { readJson, sha256OfFile, statOrUndefined } from './files.js';
import { compareVersions, distributionOf, type Target } from './platform.js';

/** A file of a cached runtime, relative to its folder. */
export interface RuntimeFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** A wheel that a runtime was taken from. */
export interface RuntimeWheel {
  readonly file: string;
  readonly sha256: string;
  /** `pinned`: its hash is in this package. `index`: the client checked it against the index. `file`: only against its own RECORD. */
  readonly verified: 'pinned' | 'index' | 'file';
}

/** A cached libtensorflow: `lib/`, `include/` and, for a GPU, `nvidia/`; this is also the manifest written beside them. */
export interface Runtime {
  readonly distribution: 'tensorflow' | 'tensorflow-cpu';
  readonly version: string;
  readonly platform: Target['platform'];
  readonly arch: Target['arch'];
  readonly gpu: boolean;
  readonly wheels: readonly RuntimeWheel[];
  readonly files: readonly RuntimeFile[];
}

/** A runtime and where it lies. */
export interface CachedRuntime extends Runtime {
  readonly path: string;
  /** Bytes on disk. */
  readonly size: number;
}

export const manifestName = 'gss-runtime.json';

/** Where a runtime lies in the cache. */
export const runtimePath = (cache: Cache, { platform, arch }: Target, gpu: boolean, version: string): string =>
  join(cache.runtimes, `${distributionOf({ platform, arch }, gpu)}-${version}-${platform}-${arch}${gpu ? '-gpu' : ''}`);

/** Reads the manifest of a runtime; undefined if there is none, or one of another form. */
export async function readRuntime(path: string): Promise<CachedRuntime | undefined> {
  const manifest = await readJson(join(path, manifestName));
  if (!isRuntime(manifest)) return undefined;
  return { ...manifest, path, size: manifest.files.reduce((sum, { size }) => sum + size, 0) };
}

function isRuntime(value: unknown): value is Runtime {
  if (typeof value !== 'object' || value === null) return false;
  const { distribution, version, files, wheels, gpu } = value as Partial<Record<keyof Runtime, unknown>>;
  return (
    typeof distribution === 'string' &&
    typeof version === 'string' &&
    typeof gpu === 'boolean' &&
    Array.isArray(files) &&
    Array.isArray(wheels)
  );
}

/** All runtimes in the cache, by name. */
export async function listRuntimes(cache: Cache): Promise<CachedRuntime[]> {
  const names = await readdir(cache.runtimes).catch(() => []);
  const runtimes = await Promise.all(names.sort().map((name) => readRuntime(join(cache.runtimes, name))));
  return runtimes.filter((runtime) => runtime !== undefined);
}

/** The newest cached runtime for a target whose version is `version`, or begins with it (`2.21` finds `2.21.0`). */
export async function findCached(
  cache: Cache,
  { platform, arch }: Target,
  gpu: boolean,
  version: string,
): Promise<CachedRuntime | undefined> {
  const fitting = (await listRuntimes(cache)).filter(
    (runtime) =>
      runtime.platform === platform &&
      runtime.arch === arch &&
      runtime.gpu === gpu &&
      (runtime.version === version || runtime.version.startsWith(`${version}.`)),
  );
  return fitting.sort((a, b) => compareVersions(b.version, a.version))[0];
}

/** What is wrong with a cached runtime: a line for each missing or changed file. `content` hashes every byte (about 1 s a GB). */
export async function damageOf(
  runtime: CachedRuntime,
  { content, signal }: { content: boolean; signal?: AbortSignal | undefined },
): Promise<string[]> {
  const damage: string[] = [];
  for (const { path, size, sha256 } of runtime.files) {
    const file = join(runtime.path, path);
    const stats = await statOrUndefined(file);
    if (!stats) damage.push(`${path} is missing`);
    else if (stats.size !== size) damage.push(`${path} has ${stats.size} bytes instead of ${size}`);
    else if (content && (await sha256OfFile(file, signal)) !== sha256)
      damage.push(`${path} has other content than when it was cached`);
  }
  return damage;
}
