import { rm } from 'node:fs/promises';
import { cacheOf } from './cache.js';
import { explained } from './errors.js';
import { folderSize } from './files.js';
import { unlinkPackage } from './link.js';
import { findPackages } from './packages.js';

export interface RemoveOptions {
  /** Also delete the user's cache, which other projects may be linked to. Default false. */
  readonly cache?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export interface RemoveResult {
  readonly packages: readonly { readonly path: string; readonly version: string; readonly changed: boolean }[];
  /** Bytes freed in the cache. */
  readonly freed: number;
  /** What is left in the cache. */
  readonly cache: { readonly path: string; readonly bytes: number };
}

/** Takes the library out of every copy of tfjs-node-gpu of a project, restoring what was there before. */
export function removeNative(
  projectDir: string = process.cwd(),
  { cache: dropCache = false, env = process.env }: RemoveOptions = {},
): Promise<RemoveResult> {
  return explained('remove', async () => {
    const packages: RemoveResult['packages'][number][] = [];
    for (const found of await findPackages(projectDir))
      packages.push({ ...found, changed: await unlinkPackage(found) });
    const { root } = cacheOf(env);
    const before = await folderSize(root);
    if (dropCache) await rm(root, { recursive: true, force: true });
    return { packages, freed: dropCache ? before : 0, cache: { path: root, bytes: dropCache ? 0 : before } };
  });
}
