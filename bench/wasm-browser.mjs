// The wasm kernels of @gss/tensor in a real browser: the page once with threads (COOP + COEP) and once without, each result
// compared with the cpu backend, and the time of a few kernels.
//   node bench/wasm-browser.mjs              needs a chromium; CHROMIUM=/path/to/it if it is not called that
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const home = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages/tensor');
const page = `
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { certainty, convArgMax } from './src/index.ts';
import { registerWasmKernels } from './src/kernels/wasm/index.ts';

const conv = (x, w) => tf.conv2d(x, w, 1, 'same');
const random = (shape, seed) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const cases = {
  'matMul 512³': () => tf.matMul(random([512, 512], 1), random([512, 512], 2)),
  'matMulᵀ 512³': () => tf.matMul(random([512, 512], 1), random([512, 512], 2), true, true),
  'batched matMulᵀ': () => tf.matMul(random([64, 49, 32], 1), random([64, 49, 32], 2), false, true),
  'conv2d gradients': () => tf.concat1d(tf.grads(conv)([random([2, 32, 32, 32], 1), random([3, 3, 32, 32], 2)]).map((t) => tf.reshape(t, [-1]))),
  'arg max over codes': () => tf.cast(convArgMax(random([1, 11, 13, 300], 1), { weight: random([1, 1, 300, 515], 2), bias: random([515], 3) }), 'float32'),
  'certainty': () => certainty(random([300, 1027], 1)),
  'softmax': () => tf.softmax(random([256, 64], 1)),
  'sum of columns': () => tf.sum(random([300, 40], 1), 0),
  'transpose': () => tf.transpose(random([8, 4, 8, 4, 8, 8], 1), [0, 1, 3, 2, 4, 5]),
};

async function main() {
  setWasmPaths('/wasm/');
  const report = registerWasmKernels();
  const expected = {};
  await tf.setBackend('cpu');
  for (const [name, run] of Object.entries(cases)) expected[name] = await tf.tidy(run).data();
  await tf.setBackend('wasm');
  const lines = ['crossOriginIsolated ' + crossOriginIsolated + ', threaded build ' + (tf.backend().wasm.wasmMemory !== undefined) + ', ' + report.registered.length + ' kernels'];
  for (const [name, run] of Object.entries(cases)) {
    const values = tf.tidy(run).dataSync();
    const error = values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[name][i]) / (1 + Math.abs(expected[name][i]))), 0);
    const times = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      tf.tidy(run).dispose();
      times.push(performance.now() - start);
    }
    lines.push(name.padEnd(20) + ' largest error ' + error.toExponential(1) + ', ' + Math.min(...times).toFixed(1) + ' ms with its inputs');
    if (!(error < 1e-3)) throw new Error(lines.join('\\n'));
  }
  return lines.join('\\n');
}
main().then((text) => 'ok\\n' + text, (error) => 'failed\\n' + error.stack).then((body) => fetch('/result', { method: 'POST', body }));
`;
const bundle = await build({
  stdin: { contents: page, resolveDir: home, loader: 'js' },
  ...{ bundle: true, format: 'esm', platform: 'browser', write: false, logLevel: 'error' },
});

function visit(isolated) {
  const folder = mkdtempSync(join(tmpdir(), 'gss-chromium-'));
  const { promise, resolve } = Promise.withResolvers?.() ?? deferred();
  const server = createServer((request, response) => {
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    const name = /^\/wasm\/([\w-]+\.wasm)$/.exec(request.url)?.[1];
    if (request.method === 'POST')
      request
        .setEncoding('utf8')
        .on('data', resolve)
        .on('end', () => response.end());
    else if (name) {
      response.setHeader('Content-Type', 'application/wasm');
      response.end(readFileSync(join(home, 'node_modules/@tensorflow/tfjs-backend-wasm/dist', name)));
    } else if (request.url === '/page.js') {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(bundle.outputFiles[0].contents);
    } else {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><script type="module" src="/page.js"></script>');
    }
  });
  server.listen(0, () => {
    const url = `http://localhost:${server.address().port}/`;
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${folder}`,
      '--remote-debugging-port=0',
    ];
    const browser = spawn(process.env.CHROMIUM ?? 'chromium', [...flags, url], { stdio: 'ignore' });
    browser.on('error', (error) => resolve(`failed\n${error.message}`));
    const timeout = setTimeout(() => resolve('failed\nno answer within six minutes'), 360_000);
    promise.then(() => {
      clearTimeout(timeout);
      browser.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
      browser.kill();
      server.closeAllConnections();
      server.close();
    });
  });
  return promise;
}

/** Promise.withResolvers of Node 22. */
function deferred() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

for (const isolated of [true, false]) {
  const answer = await visit(isolated);
  console.log(answer);
  if (!answer.startsWith('ok')) process.exitCode = 1;
}
