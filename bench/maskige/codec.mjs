// Speed of encode and decode on 2048×1024 with K = 150, one core, beside brute force, numpy's and PyTorch's formulation.
//   pnpm --filter @gss/maskige build && node bench/maskige/codec.mjs [rounds]
// GSS_PYTHON names the Python that has numpy and torch (default python3); what it lacks is left out, and said so.
import { cpus } from 'node:os';
import { decode, encode } from '../../packages/maskige/dist/index.js';
import { namedPalette } from '../../packages/maskige/dist/palettes/index.js';
import { bruteForce, pythonFormulations } from './rivals.mjs';
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
const decoding = (s) => () => decode(image(sigma[s], 3), palette, { out: outLabels });
/** A copy of the palette is a palette not seen before: its tables are built within the call. */
const anew = (s) => () => decode(image(sigma[s], 3), [...palette], { out: outLabels });

// Candidates are measured in turn, round by round, so that a busy machine slows all of them alike.
const cases = {
  'memory copy of 4 bytes a pixel': () => out4.data.set(rgba8),
  'encode to RGBA, a map of regions': () => encode(map, palette, { out: out4 }),
  'encode to RGB, regions': () => encode(map, palette, { out: out3 }),
  'encode to RGBA, every pixel another label': () => encode(mixed, palette, { out: out4 }),
  'encode to RGB, every pixel another label': () => encode(mixed, palette, { out: out3 }),
  'encode to RGBA, regions, new buffer': () => encode(map, palette, { channels: 4 }),
  'encode to RGB, regions, new buffer': () => encode(map, palette),
  'decode, untouched': decoding(0),
  'decode, noise σ 4': decoding(4),
  'decode, noise σ 8': decoding(8),
  'decode, noise σ 16': decoding(16),
  'decode, noise σ 32': decoding(32),
  'decode, noise σ 32, new buffer': () => decode(image(sigma[32], 3), palette),
  'decode from RGBA, noise σ 8': () => decode(image(rgba8, 4), palette, { out: outLabels }),
  'decode, noise σ 8, table built anew': anew(8),
  'decode, noise σ 32, table built anew': anew(32),
};

/** Processor time of this process: other programs on the machine count only as far as they spoil its caches. */
function milliseconds(run) {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function measure() {
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = -3; round < rounds; round++) {
    for (const [name, run] of Object.entries(cases)) {
      run(); // brings its buffers into the cache, as in a loop over images
      for (let i = 0; i < 3; i++) {
        const ms = milliseconds(run);
        if (round >= 0) times[name].push(ms);
      }
    }
  }
  return times;
}

const speed = (ms) => Math.round(pixels / ms / 1000);
const line = (name, median, best = '', note = '') =>
  console.log(`${name.padEnd(46)}${String(median).padStart(8)}${String(best).padStart(8)}  ${note}`.trimEnd());

console.log(`${cpus()[0].model}, Node ${process.version}, one core; ${width}×${height}, K = ${K} (gss-ade20k-150)`);
console.log(`Million pixels a second of processor time, ${3 * rounds} calls each in ${rounds} rounds\n`);
line('', 'median', 'best');
const ours = {};
for (const [name, times] of Object.entries(measure())) {
  times.sort((a, b) => a - b);
  ours[name] = speed(times[times.length >> 1]);
  line(name, ours[name], speed(times[0]));
}

const part = 1 << 17;
console.log(`\nOthers, on ${part} of the pixels, noise σ 8, best of 3`);
const data = sigma[8].subarray(0, 3 * part);
let expected;
const brute =
  part / Math.min(...[0, 1, 2].map(() => milliseconds(() => (expected = bruteForce(data, palette, part))))) / 1000;
const versus = (mine, theirs) => `ours is ${(mine / theirs).toFixed(mine / theirs < 20 ? 1 : 0)} times as fast`;
line('brute force in JavaScript', '', brute.toFixed(1), versus(ours['decode, noise σ 8'], brute));

decoding(8)();
const decoded = outLabels.data.subarray(0, part);
const { missing, versions, ...formulations } = pythonFormulations(data, decoded, palette);
let wrong = expected.reduce((sum, label, i) => sum + (label === decoded[i] ? 0 : 1), 0);
for (const [name, { speed: theirs, wrong: differing }] of Object.entries(formulations)) {
  const mine = ours[differing === undefined ? 'encode to RGB, every pixel another label' : 'decode, noise σ 8'];
  line(name, '', theirs < 20 ? theirs.toFixed(1) : Math.round(theirs), versus(mine, theirs));
  wrong += differing ?? 0;
}
if (missing) console.log(`numpy and PyTorch are left out (${missing}; set GSS_PYTHON)`);
else {
  console.log(
    `\n${Object.entries(versions)
      .map((pair) => pair.join(' '))
      .join(', ')}, one thread`,
  );
  if (!versions.PyTorch) console.log('PyTorch is left out: this Python has no torch (set GSS_PYTHON)');
}
console.log(wrong ? `WRONG: ${wrong} labels differ` : `exact: equal to all of them on the ${part} pixels compared`);
if (wrong) process.exitCode = 1;
