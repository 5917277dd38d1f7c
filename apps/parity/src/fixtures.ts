import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Golden, readGolden } from '@gss/testing';
import { familyOf, folderFamilies } from './families.js';
import type { Check } from './family.js';

/** What a fixture gave. */
export interface Run {
  readonly checks: readonly Check[];
  /** Outputs and gradients of the reference that no check looked at. */
  readonly uncompared: readonly string[];
}

/** One fixture of the folder and how to run it; `run` is absent where its family does not exist. */
export interface Fixture {
  readonly name: string;
  readonly run?: () => Promise<Run>;
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
  const run = async () => {
    let golden: Golden;
    if (!family.manifestOnly && !existsSync(join(folder, `${name}.safetensors`)))
      throw new Error(`cannot be read: there is ${name}.json but no ${name}.safetensors`);
    try {
      golden = readGolden(name, folder);
    } catch (error) {
      throw new Error(`cannot be read: ${reason(error)}`);
    }
    const checks = await family.run(golden);
    return { checks, uncompared: uncompared(golden, checks) };
  };
  return { name, run };
}

/** "output.logits", "ft.grad.input", "seq.output.exact"; not "param.decoder.blocks.output.conv.w". */
const computed = /^(?!(.+\.)?(param|input)\.)(.+\.)?(output|grad)[._]/;

/** Tensors that the reference computed, less those that a check is named after ("NAME" or "NAME (…)"). */
function uncompared(golden: Golden, checks: readonly Check[]): string[] {
  const seen = new Set(checks.map(({ name }) => name.split(' (')[0]!));
  return [...golden.tensors.keys()].filter((name) => computed.test(name) && !seen.has(name));
}

const orphan = (name: string): Fixture => ({
  name,
  run: async () => {
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
  return family.list(path).map((name) => ({
    name: `${prefix}${name}`,
    run: async () => ({ checks: await family.run(path, name), uncompared: [] }),
  }));
}
