import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { UsageError } from '../cli/errors.js';

const picture = /\.(jpe?g|png|webp)$/i;

/** Pictures that the arguments name: files as they are, of a folder all its pictures in the order of their names. */
export function inputFiles(given: readonly string[]): string[] {
  return given.flatMap((path) => {
    if (!existsSync(path)) throw new UsageError(`predict: ${path} does not exist. Name pictures, or folders of them.`);
    if (!statSync(path).isDirectory()) return [path];
    const found = readdirSync(path)
      .filter((name) => picture.test(name))
      .sort();
    if (found.length === 0)
      throw new UsageError(`predict: ${path} holds no JPEG, PNG or WebP pictures. Folders in it are not searched.`);
    return found.map((name) => join(path, name));
  });
}

/** Output names must differ: a.jpg and a.png would both become a.png. */
export function outputNames(files: readonly string[]): string[] {
  const names = files.map((file) => basename(file, extname(file)));
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name))
      throw new UsageError(
        `predict: two inputs are called ${name}; their outputs would overwrite each other. Predict them into two folders.`,
      );
    seen.add(name);
  }
  return names;
}
