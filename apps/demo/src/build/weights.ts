import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plugin } from 'vite';

/** What a model folder may hold: config, weights whole or in shards, and nothing else of it is served. */
const isModelFile = (name: string) =>
  name === 'config.json' || /^model[\w.-]*\.(safetensors|safetensors\.index\.json)$/.test(name);

export interface ModelFolder {
  readonly id: string;
  readonly folder: string;
}

/** Size and digest of each file of a model, as the engine checks them. */
export interface Manifest {
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
}

/** The model folders below a folder. */
export function findModels(root: string): ModelFolder[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'config.json')))
    .map(({ name }) => ({ id: name, folder: join(root, name) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function makeManifest(folder: string): Manifest {
  const files = readdirSync(folder).filter(isModelFile).sort();
  return {
    files: Object.fromEntries(
      files.map((name) => {
        const bytes = readFileSync(join(folder, name));
        return [name, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }];
      }),
    ),
  };
}

/** The list that the page asks for: weights/index.json. */
function makeIndex(models: readonly ModelFolder[]): string {
  const list = models.map(({ id, folder }) => {
    const sizes = Object.values(makeManifest(folder).files).map(({ size }) => size);
    return { id, url: `weights/${id}/`, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  });
  return JSON.stringify({ models: list }, null, 1);
}

/** Serves models under /weights/ in development, and copies them with their manifests into the build. */
export function weights(models: readonly ModelFolder[]): Plugin {
  const byId = new Map(models.map((model) => [model.id, model.folder]));
  const answer = (path: string): string | { file: string } | undefined => {
    if (path === 'index.json') return makeIndex(models);
    const [id = '', name = ''] = path.split('/');
    const folder = byId.get(id);
    if (!folder || name !== basename(name)) return undefined;
    if (name === 'manifest.json') return JSON.stringify(makeManifest(folder), null, 1);
    return isModelFile(name) && existsSync(join(folder, name)) ? { file: join(folder, name) } : undefined;
  };
  return {
    name: 'gss-weights',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = /^\/weights\/([\w./-]+)$/.exec(request.url?.split('?')[0] ?? '')?.[1];
        if (!path) return next();
        const found = answer(path);
        if (found === undefined) {
          response.statusCode = 404;
          response.end('no such model file');
        } else if (typeof found === 'string') {
          response.setHeader('content-type', 'application/json');
          response.end(found);
        } else {
          response.setHeader('content-length', statSync(found.file).size);
          response.setHeader('content-type', 'application/octet-stream');
          createReadStream(found.file).pipe(response);
        }
      });
    },
    generateBundle() {
      const emit = (fileName: string, source: string | Uint8Array) =>
        this.emitFile({ type: 'asset', fileName, source });
      emit('weights/index.json', makeIndex(models));
      for (const { id, folder } of models) {
        const manifest = makeManifest(folder);
        for (const name of Object.keys(manifest.files)) emit(`weights/${id}/${name}`, readFileSync(join(folder, name)));
        emit(`weights/${id}/manifest.json`, JSON.stringify(manifest, null, 1));
      }
    },
  };
}
