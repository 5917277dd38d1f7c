import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageFolder } from '../cli/package-folder.js';
import { findRuns, logFile } from './runs.js';

const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', png: 'image/png' } as const;

/** Files of the page, by the path that it asks for. */
function pageFiles(): ReadonlyMap<string, string> {
  const page = join(packageFolder(), 'watch');
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  return new Map([
    ['/', join(page, 'index.html')],
    ['/page.js', join(page, 'page.js')],
    ['/style.css', join(page, 'style.css')],
    ['/uplot.js', join(uplot, 'uPlot.esm.js')],
    ['/uplot.css', join(uplot, 'uPlot.min.css')],
  ]);
}

/** Pictures of the last evaluation, with the time of their last change. */
function listPictures(run: string): { name: string; changed: number }[] {
  const folder = join(run, 'pictures');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.png'));
  return names.sort().map((name) => ({ name, changed: Math.round(statSync(join(folder, name)).mtimeMs) }));
}

/** A request that asks for nothing that there is. */
class NotFound extends Error {}

/** The folder of the run that a request names; only runs that were found count, so that no path leads out of `root`. */
function runOf(root: string, query: URLSearchParams): string {
  const name = query.get('run') ?? '';
  if (findRuns(root).includes(name)) return join(root, name);
  throw new NotFound(`no run ${name}`);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

/** The log from byte `from` on; its whole size in a header, so that the next look can go on there. */
function sendLog(response: ServerResponse, run: string, from: number): void {
  const log = join(run, logFile);
  const { size } = statSync(log);
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store', 'x-log-size': String(size) });
  if (!(from < size)) response.end();
  else createReadStream(log, { start: from, end: size - 1 }).pipe(response);
}

async function sendFile(response: ServerResponse, path: string): Promise<void> {
  const kind = path.slice(path.lastIndexOf('.') + 1) as keyof typeof types;
  const body = await readFile(path);
  response.writeHead(200, { 'content-type': types[kind], 'cache-control': 'no-cache' });
  response.end(body);
}

async function answer(root: string, files: ReadonlyMap<string, string>, url: URL, response: ServerResponse) {
  const { pathname, searchParams: query } = url;
  const file = files.get(pathname);
  if (file) return sendFile(response, file);
  if (pathname === '/runs') return sendJson(response, findRuns(root));
  const run = runOf(root, query);
  if (pathname === '/log') return sendLog(response, run, Number(query.get('from') ?? 0) || 0);
  if (pathname === '/pictures') return sendJson(response, listPictures(run));
  const picture = listPictures(run).find(({ name }) => name === query.get('name'));
  if (pathname === '/picture' && picture) return sendFile(response, join(run, 'pictures', picture.name));
  throw new NotFound(`nothing at ${pathname}`);
}

/**
 * Serves the page that shows the runs below `root`, to this machine alone: figures of log.jsonl as they are added, and the
 * pictures of the last evaluation. It reads, never writes.
 */
export function watchServer(root: string): Server {
  const files = pageFiles();
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    answer(root, files, url, response).catch((error: Error) => {
      if (!response.headersSent)
        response.writeHead(error instanceof NotFound ? 404 : 500, { 'content-type': 'text/plain' });
      response.end(error.message);
    });
  });
}

/** Listens on a port of this machine; 0 is any free one. @throws Error of Node where the port is taken */
export function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://localhost:${typeof address === 'object' && address ? address.port : port}/`);
    });
  });
}
