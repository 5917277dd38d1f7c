import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Cache, publish, withTemporaryFolder } from './cache.js';
import { type Compiler, findCompiler, userFlags } from './compiler.js';
import { NativeError } from './errors.js';
import { makeFolder, readJson, sha256OfFile, writeFileAtomic } from './files.js';
import type { TfjsNodePackage } from './packages.js';
import { libraryNames, type Target } from './platform.js';
import type { OnProgress } from './progress.js';
import { lastLines, run } from './run.js';
import type { CachedRuntime } from './runtime.js';

/** The file that tfjs-node loads, and its place in the package: N-API 8, so that one build serves every Node from 16 on. */
export const bindingName = 'tfjs_binding.node';
export const napiVersion = 8;

export interface BuiltBinding {
  readonly path: string;
  readonly sha256: string;
  /** True if it was in the cache already. */
  readonly cached: boolean;
}

export interface BindingOptions {
  readonly cache: Cache;
  readonly target: Target;
  readonly runtime: CachedRuntime;
  readonly tfjsNode: TfjsNodePackage;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: OnProgress;
}

const manifestName = 'gss-binding.json';

/**
 * Where the binding of this package for this TensorFlow lies in the cache. N-API and TensorFlow's C API are stable in
 * binary form, so neither Node's version nor the GPU matters; the sources' hash covers patched packages.
 */
async function bindingPlace({
  cache,
  target,
  runtimeVersion,
  tfjsNode,
}: {
  cache: Cache;
  target: Target;
  runtimeVersion: string;
  tfjsNode: TfjsNodePackage;
}): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await sourceFiles(tfjsNode)) hash.update(await readFile(file));
  const sources = hash.digest('hex').slice(0, 12);
  return join(
    cache.bindings,
    `tfjs-node-gpu-${tfjsNode.version}-tensorflow-${runtimeVersion}-${target.platform}-${target.arch}-${sources}`,
  );
}

async function sourceFiles({ path }: TfjsNodePackage): Promise<string[]> {
  const dir = join(path, 'binding');
  const names = await readdir(dir).catch(() => []);
  const files = names
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => join(dir, name));
  if (files.length === 0)
    throw new NativeError(
      'PACKAGE_NOT_FOUND',
      `native: expected C++ sources in ${dir}, got none. Reinstall @tensorflow/tfjs-node-gpu.`,
    );
  return files;
}

/** The binding from the cache, if it is there and whole. */
export async function cachedBinding(options: {
  cache: Cache;
  target: Target;
  runtimeVersion: string;
  tfjsNode: TfjsNodePackage;
}): Promise<BuiltBinding | undefined> {
  const place = await bindingPlace(options);
  const manifest = await readJson(join(place, manifestName));
  const path = join(place, bindingName);
  if (
    typeof manifest !== 'object' ||
    manifest === null ||
    !('sha256' in manifest) ||
    typeof manifest.sha256 !== 'string'
  )
    return undefined;
  const sha256 = await sha256OfFile(path).catch(() => undefined);
  return sha256 === manifest.sha256 ? { path, sha256, cached: true } : undefined;
}

/**
 * The binding from the cache, or compiled into it from the package's own sources (12 s). A plain compiler call does what
 * node-gyp would: the binding needs N-API's four headers only, which `node-api-headers` brings, so that neither Python
 * nor make nor Node's headers need be on the machine.
 *
 * @throws NativeError `NO_COMPILER`, `BUILD_FAILED`
 */
export async function ensureBinding(options: BindingOptions): Promise<BuiltBinding> {
  const { cache, target, runtime, tfjsNode, env, signal, onProgress } = options;
  const known = { cache, target, runtimeVersion: runtime.version, tfjsNode };
  const cached = await cachedBinding(known);
  if (cached) return cached;
  const compiler = await findCompiler({ env, signal });
  onProgress({
    stage: 'build',
    message: `compiling the binding of tfjs-node-gpu ${tfjsNode.version} with ${compiler.command}`,
  });
  return withTemporaryFolder(cache, async (dir) => {
    const folder = join(dir, 'binding');
    await makeFolder(folder);
    const output = join(folder, bindingName);
    const args = [
      ...compiler.args,
      ...compileArguments(target, runtime, await sourceFiles(tfjsNode), output, userFlags(env)),
    ];
    const result = await run(compiler.command, args, { env, signal, cwd: dir });
    if (result.code !== 0) throw buildError(compiler, result.stderr);
    const sha256 = await sha256OfFile(output);
    await writeFileAtomic(
      join(folder, manifestName),
      `${JSON.stringify({ sha256, compiler: compiler.version }, null, 2)}\n`,
    );
    const place = await bindingPlace(known);
    let theirs: BuiltBinding | undefined;
    await publish(cache, folder, place, async () => {
      theirs = await cachedBinding(known);
      return theirs !== undefined;
    });
    return theirs ?? { path: join(place, bindingName), sha256, cached: false };
  });
}

/** The whole compiler call. The library is found beside the package at run time, wherever that is moved to. */
export function compileArguments(
  target: Target,
  runtime: Pick<CachedRuntime, 'path'>,
  files: readonly string[],
  output: string,
  flags: { readonly compile: readonly string[]; readonly link: readonly string[] },
): string[] {
  const nodeApi = join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
  const mac = target.platform === 'darwin';
  return [
    ...['-std=c++17', '-O2', '-fPIC'],
    ...(mac
      ? ['-bundle', '-undefined', 'dynamic_lookup', '-arch', target.arch === 'arm64' ? 'arm64' : 'x86_64']
      : ['-shared', '-pthread']),
    ...[`-DNAPI_VERSION=${napiVersion}`, '-DNODE_GYP_MODULE_NAME=tfjs_binding', '-DBUILDING_NODE_EXTENSION'],
    ...['-I', join(runtime.path, 'include'), '-I', nodeApi],
    ...flags.compile,
    ...files.filter((file) => file.endsWith('.cc')),
    ...libraryNames(target).map(({ file }) => join(runtime.path, 'lib', file)),
    mac ? '-Wl,-rpath,@loader_path/../../deps/lib' : '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ...flags.link,
    ...['-o', output],
  ];
}

const buildError = ({ command, version }: Compiler, stderr: string): NativeError =>
  new NativeError(
    'BUILD_FAILED',
    `native: ${command} (${version}) could not compile the binding:\n  ${lastLines(stderr, 12)}\nA compiler with C++17 is needed; another one can be named in CXX.`,
  );
