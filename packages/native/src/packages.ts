import { readdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { NativeError } from './errors.js';
import { exists, readJson } from './files.js';

export const packageName = '@tensorflow/tfjs-node-gpu';

/** One copy of tfjs-node-gpu on disk. */
export interface TfjsNodePackage {
  /** Its real folder, symbolic links resolved. */
  readonly path: string;
  readonly version: string;
}

const workspaceMarks = [
  'pnpm-workspace.yaml',
  'pnpm-lock.yaml',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
  '.git',
];

/**
 * Every copy of tfjs-node-gpu that code in the project could load: in `node_modules` here and above, nested ones and
 * those of workspace packages (npm, yarn, bun), and pnpm's virtual store. The way up ends at the root of the workspace
 * if a copy was found by then.
 */
export async function findPackages(projectDir: string): Promise<TfjsNodePackage[]> {
  const found = new Map<string, TfjsNodePackage>();
  const visited = new Set<string>();
  for (let dir = resolve(projectDir); ; dir = dirname(dir)) {
    await scan(join(dir, 'node_modules'), found, visited);
    if (found.size > 0 && (await anyExists(dir, workspaceMarks))) break;
    if (dir === dirname(dir)) break;
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** As `findPackages`. @throws NativeError `PACKAGE_NOT_FOUND` if there is none */
export async function requirePackages(projectDir: string): Promise<TfjsNodePackage[]> {
  const packages = await findPackages(projectDir);
  if (packages.length === 0)
    throw new NativeError(
      'PACKAGE_NOT_FOUND',
      `native: expected ${packageName} in a node_modules folder of ${resolve(projectDir)} or above it, got none. Add it without its install script: npm install --ignore-scripts ${packageName}@4.22.0 (pnpm runs no script unless told to).`,
    );
  return packages;
}

async function anyExists(dir: string, names: readonly string[]): Promise<boolean> {
  return (await Promise.all(names.map((name) => exists(join(dir, name))))).includes(true);
}

/** Looks through one node_modules folder, and those inside its packages. Each real folder is visited once. */
async function scan(modules: string, found: Map<string, TfjsNodePackage>, visited: Set<string>): Promise<void> {
  const real = await realpath(modules).catch(() => undefined);
  if (real === undefined || visited.has(real)) return;
  visited.add(real);
  await note(join(real, packageName), found);
  for (const store of await list(join(real, '.pnpm')))
    if (store.startsWith('@tensorflow+tfjs-node-gpu@'))
      await note(join(real, '.pnpm', store, 'node_modules', packageName), found);
  for (const name of await list(real)) {
    if (name.startsWith('.')) continue;
    const inner = name.startsWith('@') ? (await list(join(real, name))).map((scoped) => join(name, scoped)) : [name];
    for (const child of inner) await scan(join(real, child, 'node_modules'), found, visited);
  }
}

const list = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);

async function note(path: string, found: Map<string, TfjsNodePackage>): Promise<void> {
  const manifest = await readJson(join(path, 'package.json'));
  if (typeof manifest !== 'object' || manifest === null) return;
  const { version } = manifest as { version?: unknown };
  if (typeof version !== 'string') return;
  const real = await realpath(path);
  found.set(real, { path: real, version });
}
