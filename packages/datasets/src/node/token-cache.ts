import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LabelMap } from '../types.js';
import { packTokens, type TokenMap, unpackTokens } from './token-file.js';
import { writeFileAtomic } from './write-file.js';

/** Part of every key: raise it when the meaning of an entry changes. */
const formatVersion = 1;

/**
 * Everything besides the labels that tokens depend on, as JSON: the tokenizer's config, a hash of its weights, the palette, how
 * unlabelled pixels are painted, the backend that computed them.
 */
export type TokenRecipe = Readonly<Record<string, unknown>>;

/** Tokens of label maps, kept in files. Safe for any number of threads and processes at once. */
export interface TokenCache {
  /** The folder of this recipe's entries. */
  readonly folder: string;
  /**
   * What stands for the tokens of a label map: SHA-256 over format, recipe, size and the labels themselves. Crop, flip and scale
   * are in it because they are in the labels: a key never names tokens of other labels.
   */
  key(labels: LabelMap): string;
  has(key: string): Promise<boolean>;
  /** The tokens, or undefined where there are none, or none that are whole: a damaged entry is removed. */
  get(key: string): Promise<TokenMap | undefined>;
  put(key: string, tokens: TokenMap): Promise<void>;
}

/** JSON with its keys in order: equal recipes have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}

/** Opens (makes) the entries of a recipe in a folder of caches; `recipe.json` beside them says what they are. */
export async function openTokenCache(root: string, recipe: TokenRecipe): Promise<TokenCache> {
  const text = canonical({ format: formatVersion, ...recipe });
  const folder = join(root, createHash('sha256').update(text).digest('hex').slice(0, 32));
  await mkdir(folder, { recursive: true });
  const about = join(folder, 'recipe.json');
  if (!(await stat(about).catch(() => undefined))) await writeFileAtomic(about, [`${text}\n`]);
  return openTokenFolder(folder);
}

/** An entry's time of use is renewed once a day: enough for pruning, and cheap. */
const day = 86_400_000;

/** The entries of a recipe from their folder, as `openTokenCache` made it: what a worker thread is given. */
export function openTokenFolder(folder: string): TokenCache {
  const recipe = basename(folder);
  const path = (key: string) => join(folder, key.slice(0, 2), `${key}.tokens`);
  return {
    folder,
    key: ({ data, width, height }) =>
      createHash('sha256')
        .update(`${formatVersion}|${recipe}|${width}×${height}×${data.BYTES_PER_ELEMENT}|`)
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex'),
    has: (key) =>
      stat(path(key)).then(
        ({ size }) => size > 0,
        () => false,
      ),
    async get(key) {
      const file = path(key);
      const bytes = await readFile(file).catch(() => undefined);
      if (!bytes) return undefined;
      const tokens = unpackTokens(bytes, key);
      if (!tokens) {
        await rm(file, { force: true });
        return undefined;
      }
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > day) await utimes(file, new Date(), new Date()).catch(() => undefined);
      return tokens;
    },
    async put(key, tokens) {
      const file = path(key);
      await mkdir(dirname(file), { recursive: true });
      // Written aside and moved, so that no reader sees half of it. Not flushed to the disk: what a crash loses or cuts off fails
      // its checksum and is computed again, and 100,000 flushes take an hour.
      const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
      try {
        await writeFile(temporary, packTokens(key, tokens));
        await rename(temporary, file);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
  };
}
