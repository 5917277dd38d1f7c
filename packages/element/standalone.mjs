// Builds dist/standalone: the element and the engine as files that a page loads without a bundler. The worker carries tfjs.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { slimForEsbuild } from './slim.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const packages = dirname(here);

/** Workspace packages from their sources: no other package must be built first. */
const workspaceSources = {
  name: 'workspace-sources',
  setup(b) {
    b.onResolve({ filter: /^@gss\/[a-z0-9-]+(\/.+)?$/ }, ({ path }) => {
      const [name, ...rest] = path.slice('@gss/'.length).split('/');
      return { path: join(packages, name, 'src', ...rest, 'index.ts'), sideEffects: rest[0] === 'define' };
    });
  },
};

/** @param {string} outdir @returns {Promise<{ metafile: import('esbuild').Metafile }[]>} */
export async function buildStandalone(outdir) {
  rmSync(outdir, { recursive: true, force: true }); // or chunks of an older build stay
  const common = {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'error',
    plugins: [workspaceSources, slimForEsbuild],
    define: { 'process.env.NODE_ENV': '"production"' },
  };
  const page = await build({
    ...common,
    entryPoints: {
      'gss-segmenter': join(here, 'src/define/index.ts'),
      'gss-engine': join(here, 'src/engine/index.ts'),
    },
    outdir,
    splitting: true,
  });
  const worker = await build({
    ...common,
    entryPoints: { index: join(here, 'src/worker/index.ts') },
    outdir: join(outdir, 'worker'),
    splitting: true,
    external: ['node:*', 'fs', 'path', 'os', 'crypto', 'util', 'perf_hooks', 'worker_threads', 'string_decoder'],
  });
  // One copy of the .wasm files serves this folder; the library's own worker finds the other beside it.
  const source = dirname(createRequire(join(here, 'package.json')).resolve('@tensorflow/tfjs-backend-wasm'));
  for (const folder of [join(outdir, 'worker', 'wasm')]) {
    mkdirSync(folder, { recursive: true });
    for (const kind of ['', '-simd', '-threaded-simd']) {
      const name = `tfjs-backend-wasm${kind}.wasm`;
      copyFileSync(join(source, name), join(folder, name));
    }
  }
  return [page, worker];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildStandalone(join(here, 'dist', 'standalone'));
