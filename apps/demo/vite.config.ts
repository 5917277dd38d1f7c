import { createReadStream, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin, type PreviewServer, type ViteDevServer } from 'vite';
import { sourceAliases } from '../../scripts/workspace.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const modelFolder = resolve(root, process.env.GSS_MODEL ?? 'runs/quickstart/model');
const modelFiles = new Set(['config.json', 'model.safetensors']);

/** Serves the model folder (GSS_MODEL, default the quickstart's) under /model/. */
function serveModel(): Plugin {
  const serve = (server: ViteDevServer | PreviewServer) => {
    server.middlewares.use((request, response, next) => {
      const name = /^\/model\/([\w.-]+)$/.exec(request.url?.split('?')[0] ?? '')?.[1];
      if (!name || !modelFiles.has(name)) return next();
      const path = join(modelFolder, name);
      if (!existsSync(path)) {
        response.statusCode = 404;
        response.end(`no ${name} in the model folder; run npm start first, or set GSS_MODEL`);
        return;
      }
      response.setHeader('content-length', statSync(path).size);
      response.setHeader('content-type', name.endsWith('.json') ? 'application/json' : 'application/octet-stream');
      createReadStream(path).pipe(response);
    });
  };
  return { name: 'gss-model', configureServer: serve, configurePreviewServer: serve };
}

// Threads of the wasm backend need a page that is cross-origin isolated.
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  base: './',
  resolve: { alias: sourceAliases }, // the page is made from the packages' sources
  plugins: [serveModel()],
  server: { headers, host: 'localhost' },
  preview: { headers, host: 'localhost' },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
});
