// Facts about the workspace that several scripts need: its packages, and where `@gss/name/sub` lives in source.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every workspace package: { dir, folder, manifest }, `folder` relative to the root. */
export function workspacePackages() {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, group, entry.name, 'package.json')))
      .map((entry) => {
        const folder = `${group}/${entry.name}`;
        const dir = join(root, folder);
        return { dir, folder, manifest: JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) };
      }),
  );
}

/** Aliases that let tests run on sources: `@gss/x` → src/index.ts, `@gss/x/y` → src/y/index.ts. */
export const sourceAliases = [
  { find: /^@gss\/([a-z0-9-]+)$/, replacement: join(root, 'packages', '$1', 'src', 'index.ts') },
  { find: /^@gss\/([a-z0-9-]+)\/(.+)$/, replacement: join(root, 'packages', '$1', 'src', '$2', 'index.ts') },
];
