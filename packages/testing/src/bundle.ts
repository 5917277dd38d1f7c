import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles a worker's source for a test: worker threads get plain JavaScript, and tests run on sources. Workspace packages
 * are taken from their sources.
 * @param entry source file of the worker.
 * @param home folder of the package under test; the bundle goes to its node_modules/.cache.
 * @param root of the workspace.
 * @returns path of the bundle.
 */
export async function bundleWorker(entry: string, home: string, root: string): Promise<string> {
  const folder = join(home, 'node_modules', '.cache', 'gss-workers');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${entry.replace(/\W+/g, '-')}-${process.pid}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: [
      {
        name: 'workspace-sources',
        setup(b) {
          b.onResolve({ filter: /^@gss\/[a-z0-9-]+$/ }, ({ path }) => ({
            path: join(root, 'packages', path.slice(5), 'src', 'index.ts'),
          }));
          b.onResolve({ filter: /^@gss\/[a-z0-9-]+\/.+$/ }, ({ path }) => {
            const [name, ...rest] = path.slice(5).split('/');
            return { path: join(root, 'packages', name!, 'src', ...rest, 'index.ts') };
          });
          // The thread pool must be the copy that runs the worker, and sharp is a native addon of another package, which pnpm
          // hides from this one: its place is found from the importer.
          b.onResolve({ filter: /^piscina$/ }, ({ path }) => ({ path, external: true }));
          b.onResolve({ filter: /^sharp$/ }, ({ path, resolveDir }) => ({
            path: createRequire(join(resolveDir, 'x.js')).resolve(path),
            external: true,
          }));
        },
      },
    ],
  });
  return outfile;
}
