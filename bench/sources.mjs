// The packages from their sources, bundled against the one tfjs-core that the backends are registered with.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root, sourceAliases } from '../scripts/workspace.mjs';

const aliases = {
  name: 'sources',
  setup(b) {
    b.onResolve({ filter: /^@gss\// }, ({ path }) => {
      const { find, replacement } = sourceAliases.find(({ find }) => find.test(path));
      return { path: path.replace(find, replacement) };
    });
  },
};

/** Imports everything that these packages of ours export; `name` keeps bundles of several programs apart. */
export async function importSources(name, packages) {
  // Beside @tensorflow/tfjs, so that the bundle finds the same copy.
  const folder = join(root, 'packages/tensor/node_modules/.cache/bench');
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, `${name}-entry.ts`);
  writeFileSync(entry, `${packages.map((from) => `export * from '${from}';`).join('\n')}\n`);
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['@tensorflow/*', 'node:*'],
    plugins: [aliases],
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}
