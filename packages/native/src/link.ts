import { copyFile, lstat, readdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuiltBinding, bindingName, napiVersion } from './binding.js';
import { isErrno } from './errors.js';
import { exists, fsyncPath, makeFolder, readJson, sha256OfFile, writeFileAtomic } from './files.js';
import type { TfjsNodePackage } from './packages.js';
import { libraryNames } from './platform.js';
import type { CachedRuntime } from './runtime.js';

/**
 * How the library gets into a package: `deps/lib`, `deps/include` and `deps/nvidia` are symbolic links into the cache,
 * the binding (90 KB) is a copy. Package managers hard-link a package's files to a store that other projects share, so
 * nothing is ever written through: names are added or replaced by rename, and what was there (an installation by the
 * package's own script) is kept as `NAME.before-gss` until it is restored by `unlinkPackage`.
 */
export interface PackageLink {
  readonly version: string;
  readonly gpu: boolean;
  readonly runtime: string;
  /** SHA-256 of the binding that was put there. */
  readonly binding: string;
  /** Links, relative to the package. */
  readonly links: readonly string[];
}

export type PackageState =
  /** Nothing is there. */
  | { readonly state: 'absent' }
  /** A binding is there that this package did not put there. */
  | { readonly state: 'foreign' }
  | { readonly state: 'ready'; readonly link: PackageLink }
  | { readonly state: 'broken'; readonly link: PackageLink; readonly problems: readonly string[] };

const markName = join('deps', 'gss-native.json');
const bindingPlace = join('lib', `napi-v${napiVersion}`, bindingName);
const backup = (path: string): string => `${path}.before-gss`;

/** Links to make: place in the package → target. */
function wanted(runtime: CachedRuntime): Map<string, string> {
  const links = new Map<string, string>();
  for (const { file, names } of libraryNames(runtime))
    for (const name of names) links.set(join('deps', 'lib', name), join(runtime.path, 'lib', file));
  links.set(join('deps', 'include'), join(runtime.path, 'include'));
  // TensorFlow looks for CUDA at $ORIGIN/../nvidia, where $ORIGIN is deps/lib: the loader does not resolve links there.
  if (runtime.gpu) links.set(join('deps', 'nvidia'), join(runtime.path, 'nvidia'));
  return links;
}

/** Puts a runtime and its binding into a package. @returns true if anything was changed */
export async function linkPackage(
  { path }: TfjsNodePackage,
  runtime: CachedRuntime,
  binding: BuiltBinding,
): Promise<boolean> {
  const links = wanted(runtime);
  const link: PackageLink = {
    version: runtime.version,
    gpu: runtime.gpu,
    runtime: runtime.path,
    binding: binding.sha256,
    links: [...links.keys()],
  };
  const current = await packageState({ path });
  if (current.state === 'ready' && JSON.stringify(current.link) === JSON.stringify(link)) return false;
  const before = await readMark(path);
  for (const [place, target] of links)
    await placeLink(join(path, place), target, before?.links.includes(place) ?? false);
  await placeCopy(join(path, bindingPlace), binding.path, before !== undefined);
  for (const stale of before?.links.filter((place) => !links.has(place)) ?? []) await removeLink(join(path, stale));
  await writeFileAtomic(join(path, markName), `${JSON.stringify(link, null, 2)}\n`);
  await Promise.all(['deps', join('deps', 'lib'), dirname(bindingPlace)].map((dir) => fsyncPath(join(path, dir))));
  return true;
}

/** Takes out what `linkPackage` put in and restores what was there before. @returns true if anything was changed */
export async function unlinkPackage({ path }: { readonly path: string }): Promise<boolean> {
  const link = await readMark(path);
  if (!link) return false;
  for (const place of link.links) await removeLink(join(path, place));
  const binding = join(path, bindingPlace);
  if ((await sha256OfFile(binding).catch(() => undefined)) === link.binding) await rm(binding);
  await restore(binding);
  await rm(join(path, markName), { force: true });
  for (const dir of [join('deps', 'lib'), 'deps', dirname(bindingPlace), 'lib']) await removeIfEmpty(join(path, dir));
  return true;
}

/** What is in a package now: reads no file's content but the binding's. */
export async function packageState({ path }: { readonly path: string }): Promise<PackageState> {
  const link = await readMark(path);
  const binding = join(path, bindingPlace);
  if (!link) return { state: (await exists(binding)) ? 'foreign' : 'absent' };
  const problems: string[] = [];
  for (const place of link.links)
    if (!(await exists(join(path, place)))) problems.push(`${place} points to nothing: was the cache deleted?`);
  const sha256 = await sha256OfFile(binding).catch(() => undefined);
  if (sha256 === undefined) problems.push(`${bindingPlace} is missing`);
  else if (sha256 !== link.binding) problems.push(`${bindingPlace} was replaced by another`);
  return problems.length === 0 ? { state: 'ready', link } : { state: 'broken', link, problems };
}

async function readMark(path: string): Promise<PackageLink | undefined> {
  const mark = await readJson(join(path, markName));
  if (typeof mark !== 'object' || mark === null) return undefined;
  const { version, gpu, runtime, binding, links } = mark as Partial<PackageLink>;
  if (
    version === undefined ||
    gpu === undefined ||
    runtime === undefined ||
    binding === undefined ||
    !Array.isArray(links)
  )
    return undefined;
  return { version, gpu, runtime, binding, links };
}

async function placeLink(path: string, target: string, ours: boolean): Promise<void> {
  if ((await readlink(path).catch(() => undefined)) === target) return;
  await makeFolder(dirname(path));
  if (!ours) await keepBefore(path);
  const temporary = `${path}.gss-${process.pid}`;
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, path);
}

async function placeCopy(path: string, source: string, ours: boolean): Promise<void> {
  await makeFolder(dirname(path));
  if (!ours) await keepBefore(path);
  const temporary = `${path}.gss-${process.pid}`;
  await copyFile(source, temporary);
  await fsyncPath(temporary);
  await rename(temporary, path);
}

/** Moves a stranger's file aside, once: an earlier backup is the true original. */
async function keepBefore(path: string): Promise<void> {
  if ((await isThere(path)) && !(await isThere(backup(path)))) await rename(path, backup(path));
}

async function removeLink(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSymbolicLink()) await rm(path);
  await restore(path);
}

async function restore(path: string): Promise<void> {
  if (!(await isThere(path)) && (await isThere(backup(path)))) await rename(backup(path), path);
}

/** True if a name is taken, even by a dangling link. */
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

async function removeIfEmpty(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => undefined);
  if (names?.length !== 0) return;
  await rmdir(dir).catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  });
}
