import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromiumFlags } from './chromium.js';

/** A module for the browser as one script: workspace packages from their sources, tfjs as @gss/tensor has it. */
async function bundlePage(source: string, folder: string, root: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: folder, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'workspace',
        setup(b) {
          b.onResolve({ filter: /^@gss\/[a-z0-9-]+(\/.+)?$/ }, ({ path }) => {
            const [name, ...rest] = path.slice(5).split('/');
            return { path: join(root, 'packages', name!, 'src', ...rest, 'index.ts') };
          });
          b.onResolve({ filter: /^@tensorflow\/tfjs[a-z-]*$/ }, ({ path, kind, resolveDir, pluginData }) => {
            const ours = resolveDir.startsWith(join(root, 'packages')) && !resolveDir.includes('node_modules');
            if (!ours || pluginData === 'tfjs') return undefined;
            return b.resolve(path, { kind, resolveDir: join(root, 'packages/tensor'), pluginData: 'tfjs' });
          });
        },
      },
    ],
  });
  return outputFiles[0]!.contents;
}

/** Serves the page on localhost, a secure context as WebGPU wants; what it posts goes to `answer`. */
function serve(script: Uint8Array, answer: (text: string) => void): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      let text = '';
      request.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      request.on('end', () => {
        response.end();
        answer(text);
      });
    } else if (request.url === '/page.js') {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(script);
    } else {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><script type="module" src="/page.js"></script>');
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/**
 * Runs a module in a headless Chromium and gives back what its function `run` resolves to, by way of JSON.
 * @param source TypeScript with `const run = async () => …`
 * @param options `folder`: where its relative imports start; `root` of the workspace; `timeout` in ms
 * @throws Error with the page's stack, or if nothing came in time
 */
export async function runInChromium<T>(
  chromium: string,
  source: string,
  { folder, root, timeout = 120_000 }: { readonly folder: string; readonly root: string; readonly timeout?: number },
): Promise<T> {
  const start = `
    run().then((value) => ({ value }), (error) => ({ error: String(error?.stack ?? error) }))
      .then((result) => fetch('/', { method: 'POST', body: JSON.stringify(result) }));`;
  const script = await bundlePage(source + start, folder, root);
  const profile = mkdtempSync(join(tmpdir(), 'gss-chromium-'));
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  let browser: ReturnType<typeof spawn> | undefined;
  try {
    const text = await new Promise<string>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`runInChromium: no answer within ${timeout / 1000} s.`)), timeout);
      serve(script, resolve).then((listening) => {
        server = listening;
        const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/`;
        const flags = ['--headless', ...chromiumFlags, `--user-data-dir=${profile}`, '--remote-debugging-port=0'];
        browser = spawn(chromium, [...flags, url], { stdio: 'ignore' });
        browser.on('error', reject);
      }, reject);
    });
    const { value, error } = JSON.parse(text) as { value?: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return value as T;
  } finally {
    clearTimeout(timer);
    server?.closeAllConnections();
    server?.close();
    const ended = browser && new Promise((resolve) => browser?.on('exit', resolve));
    browser?.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
