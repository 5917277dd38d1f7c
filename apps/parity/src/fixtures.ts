import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readGolden } from '@gss/testing';
import { familyOf, folderFamilies } from './families.js';
import type { Check } from './family.js';

/** One fixture of the folder and how to run it; `run` is absent where its family does not exist. */
export interface Fixture {
  readonly name: string;
  readonly run?: () => Promise<Check[]> | Check[];
}

/** The folder, an option or a backend is not as the command line needs it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The manifest's `fixture`, else the file's name; a manifest that cannot be read is an error when the fixture runs. */
function declaredName(path: string): string | undefined {
  try {
    const { fixture } = JSON.parse(readFileSync(path, 'utf8')) as { fixture?: unknown };
    return typeof fixture === 'string' ? fixture : undefined;
  } catch {
    return undefined;
  }
}

function fileFixture(folder: string, name: string): Fixture {
  const declared = declaredName(join(folder, `${name}.json`));
  const family = (declared && familyOf(declared)) || familyOf(name);
  if (!family) return { name };
  const run = () => {
    let golden: ReturnType<typeof readGolden>;
    if (!family.manifestOnly && !existsSync(join(folder, `${name}.safetensors`)))
      throw new Error(`cannot be read: there is ${name}.json but no ${name}.safetensors`);
    try {
      golden = readGolden(name, folder);
    } catch (error) {
      throw new Error(`cannot be read: ${reason(error)}`);
    }
    return family.run(golden);
  };
  return { name, run };
}

const orphan = (name: string): Fixture => ({
  name,
  run: () => {
    throw new Error(`cannot be read: there is ${name}.safetensors but no ${name}.json`);
  },
});

/**
 * All fixtures of a folder, by name: NAME.json (with NAME.safetensors), then the sub-folders with a form of their own.
 * Throws UsageError when there is no such folder or nothing in it.
 */
export function findFixtures(folder: string): Fixture[] {
  if (!existsSync(folder)) throw new UsageError(`parity: there is no folder ${folder}. Give one with golden fixtures.`);
  if (!statSync(folder).isDirectory())
    throw new UsageError(`parity: ${folder} is a file. Give the folder that holds it.`);
  const own = folderFamilies.find((family) => family.folder === basename(folder));
  if (own) return listed(own, folder, '');
  const files = readdirSync(folder);
  const stems = (extension: string) =>
    files.filter((file) => file.endsWith(extension)).map((file) => file.slice(0, -extension.length));
  const manifests = new Set(stems('.json'));
  const fixtures = [
    ...[...manifests].map((name) => fileFixture(folder, name)),
    ...stems('.safetensors')
      .filter((name) => !manifests.has(name))
      .map(orphan),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const family of folderFamilies) {
    const path = join(folder, family.folder);
    if (existsSync(path)) fixtures.push(...listed(family, path, `${family.folder}/`));
  }
  if (fixtures.length === 0)
    throw new UsageError(`parity: ${folder} holds no fixture (NAME.json with NAME.safetensors).`);
  return fixtures;
}

function listed(family: (typeof folderFamilies)[number], path: string, prefix: string): Fixture[] {
  return family.list(path).map((name) => ({ name: `${prefix}${name}`, run: () => family.run(path, name) }));
}
