// Milliseconds of the stages in Chromium: node bench.mjs MODEL_DIR [backend …] [--size 512x384] [--runs 5]. Needs dist/standalone and Chromium.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '512x384' }, runs: { type: 'string', default: '5' } },
});
const [model, ...backends] = positionals;
if (!model) throw new Error('usage: node bench.mjs MODEL_DIR [webgpu webgl wasm] [--size 512x384] [--runs 5]');
const [width, height] = values.size.split('x').map(Number);

const types = {
  '.js': 'text/javascript',
  '.html': 'text/html',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};
const page = `<!doctype html><title>bench</title><link rel="icon" href="data:,">
<script type="module">import * as gss from '/dist/standalone/gss-engine.js'; window.gss = gss;</script>`;
const server = createServer((request, response) => {
  const path = normalize(request.url.split('?')[0]);
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-embedder-policy', 'require-corp');
  response.setHeader('content-type', types[extname(path) || '.html'] ?? 'application/octet-stream');
  try {
    if (path === '/') response.end(page);
    else response.end(readFileSync(path.startsWith('/model/') ? join(model, path.slice(7)) : join(here, path)));
  } catch {
    response.statusCode = 404;
    response.end();
  }
});
await new Promise((resolve) => server.listen(0, 'localhost', resolve));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--enable-unsafe-webgpu'],
});
for (const backend of backends.length ? backends : [undefined]) {
  const tab = await browser.newPage();
  await tab.goto(`http://localhost:${server.address().port}/`);
  await tab.waitForFunction(() => window.gss);
  const found = await tab.evaluate(
    async ([backend, width, height, runs]) => {
      const long = [];
      new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      });
      const began = performance.now();
      const engine = await window.gss.createEngine(backend ? { backend } : {});
      const started = performance.now();
      const info = await engine.load('/model/');
      const loaded = performance.now();
      const image = new ImageData(width, height);
      for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : (i * 2654435761) >>> 24;
      const timings = [];
      for (let i = 0; i < runs; i++) timings.push((await engine.segment(image)).timings);
      const [first, ...rest] = timings;
      const median = (key) => rest.map((one) => one[key]).sort((a, b) => a - b)[rest.length >> 1];
      return {
        backend: engine.backend,
        model: `${info.name}, ${info.parameters} parameters, ${info.bytes} bytes`,
        start: started - began,
        load: loaded - started,
        first: first.total,
        median: Object.fromEntries(Object.keys(first).map((key) => [key, median(key)])),
        longestTask: Math.max(0, ...long),
      };
    },
    [backend, width, height, Number(values.runs)],
  );
  console.log(
    JSON.stringify(found, (_, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value), 1),
  );
  await tab.close();
}
await browser.close();
server.close();
