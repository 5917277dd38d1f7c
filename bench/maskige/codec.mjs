// Speed of encode and decode on 2048×1024 with K = 150, one core, beside brute force and numpy's formulation.
//   pnpm --filter @gss/maskige build && node bench/maskige/codec.mjs [rounds]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '../../packages/maskige/dist/index.js';
import { namedPalette } from '../../packages/maskige/dist/palettes/index.js';
import { confetti, height, noisy, pixels, regions, width } from './scenes.mjs';

const K = 150;
const rounds = Number(process.argv[2] ?? 25);
const palette = namedPalette('gss-ade20k-150').palette;
const map = { data: regions(K), width, height };
const mixed = { data: confetti(K), width, height };
const clean = encode(map, palette).data;
const image = (data, channels) => ({ data, width, height, channels });
const rgba = (rgb) => {
  const out = new Uint8ClampedArray(pixels * 4).fill(255);
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) out[4 * i + c] = rgb[3 * i + c];
  return out;
};
const sigma = { 0: clean, 4: noisy(clean, 4), 8: noisy(clean, 8), 16: noisy(clean, 16), 32: noisy(clean, 32) };
const rgba8 = rgba(sigma[8]);
const out4 = { data: new Uint8ClampedArray(pixels * 4), width, height, channels: 4 };
const out3 = { data: new Uint8ClampedArray(pixels * 3), width, height, channels: 3 };
const outLabels = { data: new Uint8Array(pixels), width, height };

/** What numpy and PyTorch programs do: all distances, then the first least; here without the K·H·W array. */
function bruteForce(data, part) {
  const labels = new Uint8Array(part);
  for (let i = 0; i < part; i++) {
    const [r, g, b] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]];
    let least = 1e9;
    for (let k = 0; k < K; k++) {
      const c = palette[k];
      const d = (r - c[0]) ** 2 + (g - c[1]) ** 2 + (b - c[2]) ** 2;
      if (d < least) {
        least = d;
        labels[i] = k;
      }
    }
  }
  return labels;
}

// Candidates are measured in turn, round by round, so that a busy machine slows all of them alike.
const cases = {
  'memory copy of 4 bytes a pixel': () => out4.data.set(rgba8),
  'encode RGBA, regions': () => encode(map, palette, { out: out4 }),
  'encode RGB, regions': () => encode(map, palette, { out: out3 }),
  'encode RGBA, new buffer': () => encode(map, palette, { channels: 4 }),
  'encode RGBA, confetti': () => encode(mixed, palette, { out: out4 }),
  'encode RGB, confetti': () => encode(mixed, palette, { out: out3 }),
  'decode RGB, clean': () => decode(image(sigma[0], 3), palette, { out: outLabels }),
  'decode RGB, noise σ 4': () => decode(image(sigma[4], 3), palette, { out: outLabels }),
  'decode RGB, noise σ 8': () => decode(image(sigma[8], 3), palette, { out: outLabels }),
  'decode RGB, noise σ 16': () => decode(image(sigma[16], 3), palette, { out: outLabels }),
  'decode RGB, noise σ 32': () => decode(image(sigma[32], 3), palette, { out: outLabels }),
  'decode RGBA, noise σ 8': () => decode(image(rgba8, 4), palette, { out: outLabels }),
  'decode RGB, noise σ 8, table built anew': () => decode(image(sigma[8], 3), [...palette], { out: outLabels }),
};

function measure() {
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = -3; round < rounds; round++) {
    for (const [name, run] of Object.entries(cases)) {
      run(); // brings its buffers into the cache, as in a loop over images
      for (let i = 0; i < 3; i++) {
        // Processor time of this process: other programs on the machine count only as far as they spoil its caches.
        const start = process.cpuUsage();
        run();
        const { user, system } = process.cpuUsage(start);
        if (round >= 0) times[name].push((user + system) / 1000);
      }
    }
  }
  return times;
}

function numpyFormulation(data, part) {
  const folder = mkdtempSync(join(tmpdir(), 'maskige-bench-'));
  writeFileSync(join(folder, 'image.bin'), data.subarray(0, part * 3));
  writeFileSync(join(folder, 'palette.json'), JSON.stringify(palette));
  try {
    const script = fileURLToPath(new URL('numpy_decode.py', import.meta.url));
    return JSON.parse(
      execFileSync('python3', [script, folder], {
        encoding: 'utf8',
        env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
      }),
    );
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const speed = (ms, n = pixels) => Math.round(n / ms / 1000);
const line = (name, median, best, note = '') =>
  console.log(`${name.padEnd(42)}${String(median).padStart(8)}${String(best).padStart(8)}  ${note}`);

console.log(`${width}×${height}, K = ${K} (gss-ade20k-150), Mpixel/s over ${rounds} interleaved rounds`);
line('', 'median', 'best');
const table = {};
for (const [name, times] of Object.entries(measure())) {
  times.sort((a, b) => a - b);
  table[name] = speed(times[times.length >> 1]);
  line(name, table[name], speed(times[0]));
}

const part = 1 << 17;
bruteForce(sigma[8], part);
const start = performance.now();
const expected = bruteForce(sigma[8], part);
const brute = part / (performance.now() - start) / 1000;
line(
  'brute force in JavaScript, noise σ 8',
  brute.toFixed(1),
  '',
  `decode is ${Math.round(table['decode RGB, noise σ 8'] / brute)}× as fast`,
);
const numpy = numpyFormulation(sigma[8], part);
if (numpy) {
  line(
    'numpy: argmin of all distances, noise σ 8',
    numpy.distances.toFixed(1),
    '',
    `decode is ${Math.round(table['decode RGB, noise σ 8'] / numpy.distances)}× as fast`,
  );
  line('numpy: argmin of the expanded square', numpy.expanded.toFixed(1), '');
  line(
    'numpy: palette[labels] (encode RGB)',
    Math.round(numpy.encode),
    '',
    `encode is ${(table['encode RGB, regions'] / numpy.encode).toFixed(1)}× as fast`,
  );
} else console.log('numpy skipped: python3 with numpy is not installed here');

decode(image(sigma[8], 3), palette, { out: outLabels });
const wrong = expected.findIndex((label, i) => label !== outLabels.data[i]);
console.log(wrong < 0 ? `exact: equal to brute force on all ${part} pixels compared` : `WRONG at pixel ${wrong}`);
if (wrong >= 0) process.exitCode = 1;
