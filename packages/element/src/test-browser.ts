// What the browser tests share: a tiny model in a folder, the standalone build, a server with faults, Chromium.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderStreetScene } from '@gss/datasets';
import { selectBackend } from '@gss/tensor/node';
import { chromiumFlags, findChromium } from '@gss/testing';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { writeManifest } from '../manifest.mjs';
import { buildStandalone } from '../standalone.mjs';
import { makeTestModel, tinyConfig } from './test-model.js';

const home = fileURLToPath(new URL('..', import.meta.url));

export const sizes = { small: { width: 48, height: 32 }, medium: { width: 128, height: 96 } } as const;
export type Size = keyof typeof sizes;

/** RGBA bytes of a rendered street, as ImageData has them. */
export function scene(size: { readonly width: number; readonly height: number }, index = 1): number[] {
  const { data } = renderStreetScene({ seed: 3, index, ...size }).image;
  return Array.from({ length: (data.length / 3) * 4 }, (_, i) => (i % 4 === 3 ? 255 : data[(i >> 2) * 3 + (i % 4)]!));
}

/** Saves the tiny model, and gives Node's labels and tokens of both scenes. */
async function makeModel(folder: string): Promise<Record<Size, { labels: number[]; tokens: number[] }>> {
  await selectBackend({ backend: 'wasm' });
  const segmenter = await makeTestModel(folder, tinyConfig);
  const truth = {} as Record<Size, { labels: number[]; tokens: number[] }>;
  for (const size of ['small', 'medium'] as const) {
    const prediction = await segmenter.predict(renderStreetScene({ seed: 3, index: 1, ...sizes[size] }).image);
    truth[size] = { labels: [...(await prediction.labels()).data], tokens: [...(await prediction.tokens()).data] };
    prediction.dispose();
  }
  segmenter.dispose();
  writeManifest(folder);
  return truth;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** A page with the engine's module as `window.gss`. */
const blankPage = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>test</title><body></body>
<script type="module">import * as gss from '/dist/standalone/gss-engine.js'; window.gss = gss;</script></html>`;

/** The blank page without the headers that isolate it. */
export const plainPath = '/plain';

/** Faults that the server shows until they are taken away. */
export interface Faults {
  /** Bytes after which the connection breaks, by path; once. */
  readonly cut: Map<string, number>;
  /** Bytes after which the server falls silent, by path. */
  readonly slow: Map<string, number>;
  /** Paths of which one byte is wrong. */
  readonly corrupt: Set<string>;
}

export interface Opened {
  readonly page: Page;
  readonly errors: string[];
}

export interface Site {
  readonly url: string;
  readonly browser: Browser;
  readonly faults: Faults;
  /** `METHOD path range` of every request so far. */
  readonly requests: string[];
  readonly truth: Record<Size, { labels: number[]; tokens: number[] }>;
  /** Where the site's files are; the model is in `model`. */
  readonly folder: string;
  /** A page of the site in a context of its own; console errors gather in `errors`. */
  open(path?: string): Promise<Opened>;
  /** The same in a context, sharing its storage. */
  openIn(context: BrowserContext, path?: string): Promise<Opened>;
  /** Source files in the built page and worker. */
  readonly inputs: readonly string[];
  /** Puts files into the site, by path. */
  readonly files: Map<string, string | Uint8Array>;
  close(): Promise<void>;
}

function send(
  response: ServerResponse,
  path: string,
  range: string | undefined,
  bytes: Uint8Array,
  faults: Faults,
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const part = Buffer.from(bytes.subarray(start));
  if (faults.corrupt.has(path)) part[part.length - 9]! ^= 1;
  response.statusCode = start ? 206 : 200;
  response.setHeader('content-type', types[extname(path) || '.html'] ?? 'application/octet-stream');
  response.setHeader('content-length', part.length);
  response.setHeader('etag', `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`);
  response.setHeader('cache-control', 'no-store');
  if (start) response.setHeader('content-range', `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
  if (path !== plainPath) {
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
  }
  const slow = faults.slow.get(path);
  if (slow !== undefined) return void response.write(part.subarray(0, slow));
  const cut = faults.cut.get(path);
  if (cut === undefined) return void response.end(part);
  faults.cut.delete(path);
  response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 50));
}

/** Builds, serves and opens everything; needs Chromium. */
export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'gss-element-'));
  const [truth, built] = await Promise.all([
    makeModel(join(folder, 'model')),
    buildStandalone(join(folder, 'dist', 'standalone')),
  ]);
  const faults: Faults = { cut: new Map(), slow: new Map(), corrupt: new Set() };
  const files = new Map<string, string | Uint8Array>([
    ['/', blankPage],
    [plainPath, blankPage],
    ['/example/index.html', readFileSync(join(home, 'example', 'index.html'))],
  ]);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url!.split('?')[0]!;
    requests.push(`${request.method} ${path} ${request.headers.range ?? ''}`.trim());
    try {
      send(
        response,
        path,
        request.headers.range,
        Buffer.from(files.get(path) ?? readFileSync(join(folder, path))),
        faults,
      );
    } catch {
      response.statusCode = 404;
      response.end('not there');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const url = `http://localhost:${(server.address() as { port: number }).port}`;
  const browser = await chromium.launch({ executablePath: findChromium()!, headless: true, args: chromiumFlags });
  const openIn = async (context: BrowserContext, path = '/'): Promise<Opened> => {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url + path);
    return { page, errors };
  };
  return {
    url,
    folder,
    browser,
    faults,
    requests,
    truth,
    files,
    inputs: built.flatMap(({ metafile }) => Object.keys(metafile.inputs)),
    open: async (path) => openIn(await browser.newContext(), path),
    openIn,
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
