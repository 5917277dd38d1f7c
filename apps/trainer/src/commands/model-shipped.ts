import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../cli/errors.js';
import { packageFolder } from '../cli/package-folder.js';
import { nearest } from '../config/nearest.js';

/** The model that is taken where none is named. */
export const defaultModel = 'camvid';

/**
 * Trained models that come with gss, by name: folders of `weights/` in the repository, which packing copies into the package.
 * @param home the folder of this package
 */
export function shippedModels(home = packageFolder()): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const weights of [join(home, 'weights'), join(home, '..', '..', 'weights')]) {
    if (!existsSync(weights)) continue;
    for (const name of readdirSync(weights).sort()) {
      const folder = join(weights, name);
      if (!found.has(name) && existsSync(join(folder, 'config.json'))) found.set(name, folder);
    }
  }
  return found;
}

/**
 * The folder of a model: a path, or the name of one that is shipped; without either the default one.
 * @throws UsageError that lists the shipped names
 */
export function findModel(who: string, given: string | undefined, shipped = shippedModels()): string {
  if (given !== undefined && existsSync(given)) return given;
  const found = shipped.get(given ?? defaultModel);
  if (found) return found;
  const names = [...shipped.keys()];
  const there = names.length ? `shipped are ${names.join(', ')}` : 'no model is shipped with this copy of gss';
  if (given === undefined)
    throw new UsageError(
      `${who}: --model is missing and the default model ${defaultModel} is not there; ${there}. Name one of these, or a folder that gss train or gss quickstart wrote.`,
    );
  const close = names.length ? nearest(given, names) : undefined;
  throw new UsageError(
    `${who}: no model folder ${given}, and no shipped model of that name; ${there}.${close ? ` Did you mean ${close}?` : ' Name a folder that gss train or gss quickstart wrote.'}`,
  );
}
