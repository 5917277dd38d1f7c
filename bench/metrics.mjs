// Speed of @gss/metrics on one core. Build it first: pnpm --filter @gss/metrics build; then: node bench/metrics.mjs
// Rivals run on the same maps in turn within the same rounds: the naive loop, and numpy's bincount if python3 has numpy
// (another interpreter: PYTHON=/path/to/python node bench/metrics.mjs).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as readline from 'node:readline';
import { addToConfusion, createConfusion } from '../packages/metrics/dist/index.js';
import { maps } from './metrics-maps.mjs';

const width = 2048;
const height = 1024;
const rounds = Number(process.env.ROUNDS ?? 7);
const folder = mkdtempSync(join(tmpdir(), 'gss-bench-metrics-'));

/** The loop one would write: a matrix of rows, one question per pixel. */
function naive(prediction, truth, classes) {
  const matrix = Array.from({ length: classes }, () => new Array(classes).fill(0));
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] !== 255) matrix[truth[i]][prediction[i]]++;
  }
  return matrix;
}

/** Runs numpy on request, so that its rounds interleave with ours. */
async function numpy() {
  const program = `
import json, sys, time
try:
    import numpy as np
except ImportError:
    print("none", flush=True); sys.exit()
print(np.__version__, flush=True)
for line in sys.stdin:
    path, n, k = json.loads(line)
    a = np.fromfile(path, np.uint8); p, t = a[:n], a[n:]
    start = time.perf_counter()
    valid = t < k
    m = np.bincount(k * t[valid].astype(np.int64) + p[valid], minlength=k * k).reshape(k, k)
    print(json.dumps([1000 * (time.perf_counter() - start), int(np.trace(m)), int(m.sum())]), flush=True)
`;
  const child = spawn(process.env.PYTHON ?? 'python3', ['-c', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.on('error', () => {});
  const { value: version } = await lines.next();
  if (!version || version === 'none') return undefined;
  const ask = async (question) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return JSON.parse((await lines.next()).value);
  };
  return { version, ask, end: () => child.stdin.end() };
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
function time(run) {
  const start = performance.now();
  run();
  return performance.now() - start;
}

const python = await numpy();
const rows = [];
for (const { name, classes, prediction, truth } of maps(width, height)) {
  const file = join(folder, name);
  writeFileSync(file, Buffer.concat([prediction, truth]));
  const wide = [Int32Array.from(prediction), Int32Array.from(truth)];
  const ours = [];
  const int32 = [];
  const loop = [];
  const bincount = [];
  let confusion;
  for (let round = 0; round < rounds; round++) {
    ours.push(
      time(() => {
        confusion = addToConfusion(createConfusion(classes), prediction, truth);
      }),
    );
    int32.push(time(() => addToConfusion(createConfusion(classes), wide[0], wide[1])));
    loop.push(time(() => naive(prediction, truth, classes)));
    if (python) {
      const [ms, trace, sum] = await python.ask([file, truth.length, classes]);
      const right = confusion.counts.reduce((total, n, i) => total + (i % (classes + 1) === 0 ? n : 0), 0);
      if (trace !== right || sum !== truth.length - confusion.ignored)
        throw new Error(`${name}: numpy counts otherwise`);
      bincount.push(ms);
    }
  }
  const speed = (times) => (times.length ? Math.round(truth.length / 1000 / median(times)) : undefined);
  rows.push({
    maps: name,
    classes,
    'addToConfusion Mpixel/s': speed(ours),
    'Int32Array Mpixel/s': speed(int32),
    'naive loop': speed(loop),
    'numpy bincount': speed(bincount),
    'x naive': +(median(loop) / median(ours)).toFixed(1),
    'x numpy': python ? +(median(bincount) / median(ours)).toFixed(1) : undefined,
  });
}
python?.end();
rmSync(folder, { recursive: true });

console.log(
  `${cpus()[0].model}, Node ${process.version}, ${python ? `numpy ${python.version}` : 'python3 has no numpy'}`,
);
console.log(`${width}x${height}, median of ${rounds} rounds`);
console.table(rows);
