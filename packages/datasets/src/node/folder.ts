import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { DatasetError } from '../errors.js';
import type { FolderSource } from '../source.js';
import { readClassesFile } from './classes-file.js';
import { type Pair, type PairDataset, pairDataset } from './pair-dataset.js';

const imageExtensions = ['.jpg', '.jpeg', '.png', '.webp'];

/**
 * Opens `root/images/SPLIT`, `root/labels/SPLIT` and `root/classes.json`. A picture and its label share their name; folders
 * below a split are part of it. Order: by name.
 * @throws DatasetError that names the file or folder, the value and the remedy.
 */
export async function openFolder({ root, split, limit, ...options }: FolderSource): Promise<PairDataset> {
  await list(root, `${root}: no such folder. Expected images/SPLIT, labels/SPLIT and classes.json in it.`);
  const { classes, table } = await readClassesFile(root);
  const splits = await splitNames(root);
  if (!splits.includes(split))
    throw new DatasetError(
      'unknown-split',
      `${root}: no split "${split}" (no folder ${join('images', split)}). It has: ${splits.join(', ') || 'none'}.`,
      root,
    );
  const imageFolder = join(root, 'images', split);
  const labelFolder = join(root, 'labels', split);
  const images = stems(await files(imageFolder, imageExtensions), imageFolder);
  if (images.size === 0)
    throw new DatasetError(
      'empty-split',
      `${imageFolder}: the split "${split}" has no ${imageExtensions.join(', ')} file. Put its pictures there, or choose another split.`,
      imageFolder,
    );
  const labels = stems(await files(labelFolder, ['.png']), labelFolder);
  const pairs = [...images].map(([name, image]): Pair => ({ name, image, label: labels.get(name) ?? '' }));
  const unlabelled = pairs.filter((pair) => !pair.label);
  if (unlabelled.length)
    throw new DatasetError(
      'missing-partner',
      `${labelFolder}: ${unlabelled.length} of ${pairs.length} pictures have no label, first ${unlabelled[0]!.name}.png for ${unlabelled[0]!.image}. Add the label files, or move those pictures away.`,
      unlabelled[0]!.image,
    );
  const unpictured = [...labels].filter(([name]) => !images.has(name));
  if (unpictured.length)
    throw new DatasetError(
      'missing-partner',
      `${imageFolder}: ${unpictured.length} labels have no picture, first ${unpictured[0]![1]}. Add the pictures, or move those labels away.`,
      unpictured[0]![1],
    );
  return pairDataset({ pairs: pairs.slice(0, limit), classes, table, options });
}

/** The splits of a folder data set, that is the folders in `root/images`. */
export async function splitNames(root: string): Promise<string[]> {
  const folder = join(root, 'images');
  const entries = await list(folder, `${folder}: no such folder. Expected one folder of pictures per split in it.`);
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort();
}

/** All files below a folder with one of the extensions, sorted; hidden files are left out. */
export async function files(folder: string, extensions: readonly string[]): Promise<string[]> {
  const entries = await list(folder, `${folder}: no such folder.`, true);
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && hasExtension(entry.name, extensions))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const hasExtension = (name: string, extensions: readonly string[]) =>
  extensions.some((extension) => name.toLowerCase().endsWith(extension));

async function list(folder: string, message: string, recursive = false): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true, recursive });
  } catch (cause) {
    throw new DatasetError('missing-root', message, folder, { cause });
  }
}

/** Name without folder and extension → file. */
function stems(paths: readonly string[], folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const name = relative(folder, path)
      .replace(/\.[^.]+$/, '')
      .split(sep)
      .join('/');
    const other = found.get(name);
    if (other)
      throw new DatasetError(
        'duplicate-name',
        `${folder}: ${other} and ${path} share the name "${name}". Keep one of them.`,
        path,
      );
    found.set(name, path);
  }
  return found;
}
