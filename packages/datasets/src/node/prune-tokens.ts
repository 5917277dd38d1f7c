import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';

/** What a folder of token caches holds. */
export interface TokenCacheUsage {
  readonly entries: number;
  readonly bytes: number;
  /** Recipes: one a tokenizer, its weights, palette and backend. */
  readonly recipes: number;
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly used: number;
}

/** A temporary file this old was left by a writer that died. */
const abandoned = 3_600_000;

async function survey(root: string): Promise<{ entries: Entry[]; recipes: number; leftovers: string[] }> {
  const found = await readdir(root, { withFileTypes: true, recursive: true }).catch((cause) => {
    throw new DatasetError('missing-root', `${root}: no such folder of tokens.`, root, { cause });
  });
  const entries: Entry[] = [];
  const leftovers: string[] = [];
  let recipes = 0;
  for (const file of found) {
    const path = join(file.parentPath, file.name);
    if (file.name === 'recipe.json') recipes++;
    const entry = file.name.endsWith('.tokens');
    if (!entry && !/\.tokens\.[0-9a-f]+\.tmp$/.test(file.name)) continue;
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: Date.now() })); // gone by now: another prunes too
    if (entry) entries.push({ path, bytes: size, used: mtimeMs });
    else if (Date.now() - mtimeMs > abandoned) leftovers.push(path);
  }
  return { entries, recipes, leftovers };
}

const usage = (entries: readonly Entry[], recipes: number): TokenCacheUsage => ({
  entries: entries.length,
  bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
  recipes,
});

/** Counts what a folder of token caches holds. @throws DatasetError when it is not there. */
export async function tokenCacheUsage(root: string): Promise<TokenCacheUsage> {
  const { entries, recipes } = await survey(root);
  return usage(entries, recipes);
}

/**
 * Removes the entries that were not used for longest until the folder holds at most `maxBytes`, and what dead writers left. Safe
 * while others read and write: what they miss they compute again.
 * @throws DatasetError when the folder is not there; RangeError for a limit below 0.
 */
export async function pruneTokens(
  root: string,
  maxBytes: number,
): Promise<{ readonly removed: TokenCacheUsage; readonly kept: TokenCacheUsage }> {
  if (!(maxBytes >= 0)) throw new RangeError(`pruneTokens: ${maxBytes} bytes are no limit; expected a number ≥ 0.`);
  const { entries, recipes, leftovers } = await survey(root);
  const newest = [...entries].sort((a, b) => b.used - a.used || (a.path < b.path ? -1 : 1));
  let room = maxBytes;
  let full = false;
  const removed = newest.filter(({ bytes }) => {
    full ||= bytes > room;
    if (!full) room -= bytes;
    return full;
  });
  for (const { path } of removed) await rm(path, { force: true });
  for (const path of leftovers) await rm(path, { force: true });
  return { removed: usage(removed, 0), kept: usage(newest.slice(0, newest.length - removed.length), recipes) };
}
