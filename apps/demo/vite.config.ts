import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { slim } from '../../packages/element/slim.mjs';
import { sourceAliases } from '../../scripts/workspace.mjs';
import { policy } from './src/build/policy.js';
import { serviceWorker } from './src/build/service-worker.js';
import { size, workerChunkName } from './src/build/size.js';
import { findModels, weights } from './src/build/weights.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = resolve(here, '../..');
// GSS_WEIGHTS: another folder of model folders. GSS_MODEL: one more model; the default is what `npm start` has trained.
const models = [
  ...findModels(resolve(root, process.env.GSS_WEIGHTS ?? 'weights')),
  ...findModels(resolve(root, process.env.GSS_MODEL ?? 'runs/quickstart/model', '..'))
    .filter(({ folder }) => folder === resolve(root, process.env.GSS_MODEL ?? 'runs/quickstart/model'))
    .map(({ folder }) => ({ id: process.env.GSS_MODEL ? 'chosen' : 'quickstart', folder })),
];

// Threads of the wasm backend need a page that is cross-origin isolated.
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  base: './',
  resolve: { alias: sourceAliases }, // the page is made from the packages' sources
  plugins: [weights(models), policy(), serviceWorker(here), size({ kilobytes: 300 })],
  server: { headers, host: 'localhost' },
  preview: { headers, host: 'localhost' },
  // What the views and the engine's worker import: found at the start, or the development server reloads the page when it meets them.
  optimizeDeps: { entries: ['index.html', 'src/lib/scene-worker.ts', '../../packages/element/src/worker/index.ts'] },
  worker: {
    format: 'es',
    plugins: () => [slim()], // tfjs is nowhere else
    rollupOptions: {
      output: {
        chunkFileNames: workerChunkName,
        entryFileNames: ({ name }) => `assets/${name === 'index' ? 'engine-worker' : name}-[hash].js`,
      },
    },
  },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000, assetsInlineLimit: 0 },
});
