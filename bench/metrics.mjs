// Speed of @gss/metrics on one core. Build it first: pnpm --filter @gss/metrics build; then: node bench/metrics.mjs
// Rivals run on the same maps, in turn within the same rounds: the naive loop, and numpy and OpenCV where python3 has them
// (another interpreter: GSS_PYTHON=/path/to/python). Counts must agree, or the run fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addToBoundaryConfusion,
  addToBoundaryMatches,
  addToCalibration,
  addToConfusion,
  createBoundaryMatches,
  createCalibration,
  createConfusion,
  scores,
} from '../packages/metrics/dist/index.js';
import { maps } from './metrics-maps.mjs';
import { startPython } from './metrics-python.mjs';

const width = 2048;
const height = 1024;
const rounds = 9;

/** The loop one would write: a matrix of rows, one question per pixel. */
function naive(prediction, truth, classes) {
  const matrix = Array.from({ length: classes }, () => new Array(classes).fill(0));
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] !== 255) matrix[truth[i]][prediction[i]]++;
  }
  return matrix;
}

/** CPU milliseconds, so that other work on the machine lengthens no side's time. */
function time(run) {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const best = (times) => Math.min(...times);
const speed = (times) => (times.length > 0 ? Math.round((width * height) / 1000 / best(times)) : undefined);
const ratio = (rival, own) => (rival.length > 0 ? `${(best(rival) / best(own)).toFixed(1)}x` : undefined);

function check(what, ours, theirs) {
  if (`${ours}` !== `${theirs}`) throw new Error(`${what}: ${theirs}, ours ${ours}`);
}

async function counting({ name, classes, prediction, truth, file }, python) {
  const wide = Int32Array.from(prediction);
  const times = { bytes: [], int32: [], naive: [], numpy: [] };
  for (let round = 0; round < rounds; round++) {
    let confusion;
    const fill = (p) => () => {
      confusion = addToConfusion(createConfusion(classes), p, truth);
    };
    times.bytes.push(time(fill(prediction)));
    times.int32.push(time(fill(wide)));
    let matrix;
    times.naive.push(
      time(() => {
        matrix = naive(prediction, truth, classes);
      }),
    );
    check('naive loop', confusion.counts.join(), matrix.flat().join());
    if (python) {
      const { ms, result } = await python.ask({ task: 'confusion', file, classes, width, height });
      const diagonal = confusion.counts.filter((_, i) => i % (classes + 1) === 0);
      check('numpy', diagonal.join(), result.join());
      times.numpy.push(ms);
    }
  }
  return {
    maps: name,
    classes,
    addToConfusion: speed(times.bytes),
    'Int32 prediction': speed(times.int32),
    'naive loop': speed(times.naive),
    'numpy bincount': speed(times.numpy),
    'naive / ours': ratio(times.naive, times.bytes),
    'numpy / ours': ratio(times.numpy, times.bytes),
  };
}

async function others({ name, classes, prediction, truth, file }, python) {
  const p = { data: prediction, width, height };
  const t = { data: truth, width, height };
  const confidence = Float32Array.from(truth, (_, i) => ((i * 7919) % 1000) / 1000);
  const times = { iou: [], f: [], ece: [], opencv: [] };
  for (let round = 0; round < 5; round++) {
    let confusion;
    times.iou.push(
      time(() => {
        confusion = addToBoundaryConfusion(createConfusion(classes), p, t);
      }),
    );
    times.f.push(time(() => addToBoundaryMatches(createBoundaryMatches(classes), p, t)));
    times.ece.push(time(() => addToCalibration(createCalibration(), confidence, prediction, truth)));
    if (python?.opencv && round < 2) {
      const { ms, result } = await python.ask({ task: 'boundary', file, classes, width, height });
      check(
        'OpenCV',
        scores(confusion).perClass.map(({ intersection }) => intersection),
        result,
      );
      times.opencv.push(ms);
    }
  }
  return {
    maps: name,
    classes,
    'boundary IoU': speed(times.iou),
    'OpenCV per class': speed(times.opencv),
    'OpenCV / ours': ratio(times.opencv, times.iou),
    'boundary F': speed(times.f),
    calibration: speed(times.ece),
  };
}

const python = await startPython();
const folder = mkdtempSync(join(tmpdir(), 'gss-bench-metrics-'));
try {
  const sets = [...maps(width, height)].map((set) => ({ ...set, file: join(folder, set.name) }));
  const first = [];
  const second = [];
  for (const set of sets) {
    writeFileSync(set.file, Buffer.concat([set.prediction, set.truth]));
    first.push(await counting(set, python));
    if (set.name !== 'random') second.push(await others(set, python));
  }
  const versions = python ? `numpy ${python.numpy}, OpenCV ${python.opencv ?? 'absent'}` : 'python3 without numpy';
  console.log(`${cpus()[0].model}, Node ${process.version}, ${versions}`);
  console.log(`Mpixel/s on ${width}x${height}, of CPU time, best of ${rounds} rounds`);
  console.table(first);
  console.log('Mpixel/s of CPU time, best of 5 rounds');
  console.table(second);
} finally {
  python?.end();
  rmSync(folder, { recursive: true });
}
