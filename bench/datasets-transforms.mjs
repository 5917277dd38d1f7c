// ADE20K's training pipeline (resize 0.5–2, crop 512², flip, photometric distortion, normalise, pad) on one core: ours, and
// mmsegmentation's as cv2 and NumPy calls where Python has both. Pairs alternate in one run; CPU time, so that other load does
// not count. Usage: node bench/datasets-transforms.mjs [--python PYTHON] [--rounds N]   (default: GSS_PYTHON)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compilePipeline, paperPipelines, renderStreetScene, sampleRandom } from '../packages/datasets/dist/index.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.GSS_PYTHON ?? 'python3' },
    rounds: { type: 'string', default: '4' },
  },
});
const [width, height, count] = [683, 512, 12];
const rounds = Number(values.rounds);
const samples = Array.from({ length: count }, (_, index) => renderStreetScene({ seed: 1, index, width, height }));
const run = compilePipeline(paperPipelines.ade20k.train);

/** Images per CPU second. */
function ours(epoch) {
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++)
    for (const [index, sample] of samples.entries()) run(sample, sampleRandom(epoch, round, index));
  const { user, system } = process.cpuUsage(start);
  return (rounds * count * 1e6) / (user + system);
}

const folder = mkdtempSync(join(tmpdir(), 'gss-bench-'));
const file = join(folder, 'samples.bin');
writeFileSync(file, Buffer.concat(samples.flatMap(({ image, labels }) => [image.data, labels.data])));
const script = fileURLToPath(new URL('datasets-transforms.py', import.meta.url));
const reference = () =>
  Number(
    execFileSync(values.python, [script, file, width, height, count, rounds].map(String), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );

ours(99);
const results = [];
for (let pair = 0; pair < 3; pair++) {
  let theirs;
  try {
    theirs = reference();
  } catch {
    theirs = undefined;
  }
  results.push({ pair, 'ours, images/s': ours(pair), 'cv2 + NumPy, images/s': theirs });
}
rmSync(folder, { recursive: true, force: true });
console.table(results);
const median = (key) => results.map((r) => r[key]).sort((a, b) => a - b)[1];
if (results[0]['cv2 + NumPy, images/s'] === undefined)
  console.log(
    `${values.python} has no cv2 and numpy (pip install opencv-python-headless numpy): ours alone was measured`,
  );
else
  console.log(`median: ours / reference = ${(median('ours, images/s') / median('cv2 + NumPy, images/s')).toFixed(2)}`);
