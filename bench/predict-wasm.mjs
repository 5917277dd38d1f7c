// One image through `predict` and `labels` on wasm, one thread: processor time and clock, median of --rounds after two to warm up.
//   node bench/predict-wasm.mjs [PRESET]        default nano
//   node bench/predict-wasm.mjs --profile       where the time goes, kernel by kernel
//   node bench/predict-wasm.mjs --against DIR   in turns with the sources of another checkout, in a process each
// --size 384x512 (rows x columns) --classes 11 --rounds 15 --confidence (asks for it too). Needs no build.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/workspace.mjs';
import { bundlePackages } from './bundle.mjs';
import { profileKernels } from './wasm-profile.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '384x512' },
    classes: { type: 'string', default: '11' },
    rounds: { type: 'string', default: '15' },
    profile: { type: 'boolean', default: false },
    confidence: { type: 'boolean', default: false },
    against: { type: 'string' },
    /** Set for the processes of --against: the checkout whose sources this one runs. */
    sources: { type: 'string' },
  },
});
const [height, width] = options.size.split('x').map(Number);
const rounds = Number(options.rounds);
const [name = 'nano'] = positionals;

/** A function that segments one image, and tfjs. */
async function open(sources) {
  const require = createRequire(join(root, 'packages/tensor/package.json'));
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  const parts = {
    tensor: '@gss/tensor',
    kernels: '@gss/tensor/kernels/wasm',
    gss: '@gss/segmenter',
    presets: '@gss/segmenter/presets',
  };
  const { tf, tensor, kernels, gss, presets } = await bundlePackages(
    `predict-wasm${sources === root ? '-here' : sources ? '-there' : ''}`,
    parts,
    sources,
  );
  wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  kernels.registerWasmKernels();
  const rng = tensor.createRng(2);
  const image = { data: Uint8Array.from({ length: height * width * 3 }, () => rng.int(256)), width, height };
  const { model } = presets.preset(name, { classes: Number(options.classes) });
  const segmenter = gss.createSegmenter(model, tensor.initParams(gss.modelSpec(model), tensor.createRng(1)));
  const run = async () => {
    const prediction = await segmenter.predict(image);
    const { data } = await prediction.labels();
    if (options.confidence) await prediction.confidence();
    prediction.dispose();
    return data;
  };
  return { tf, run };
}

async function measure(run) {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const data = await run();
  const clock = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const sum = data.reduce((hash, label) => (Math.imul(hash, 31) + label) | 0, 0);
  return { clock, processor: (user + system) / 1000, sum };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
function report(what, all) {
  const times = all.slice(2);
  const [user, clock] = [times.map(({ processor }) => processor), times.map(({ clock }) => clock)];
  console.log(
    `${what} at ${width} × ${height}, ${options.classes} classes: ${median(user).toFixed(0)} ms of processor (least ${Math.min(...user).toFixed(0)}), ${median(clock).toFixed(0)} ms by the clock (best ${Math.min(...clock).toFixed(0)}), 1 thread`,
  );
}

/** Both checkouts in turns. */
async function compare(other) {
  const self = new URL(import.meta.url).pathname;
  const sides = [root, resolve(other)].map((sources) => fork(self, [...process.argv.slice(2), '--sources', sources]));
  await Promise.all(sides.map((side) => once(side, 'message')));
  const times = sides.map(() => []);
  for (let i = 0; i < rounds + 2; i++)
    for (const [k, side] of sides.entries()) {
      side.send('go');
      times[k].push((await once(side, 'message'))[0]);
    }
  for (const side of sides) side.disconnect();
  report(`${name}, here`, times[0]);
  report(`${name}, ${other}`, times[1]);
  const ratios = times[0].slice(2).map(({ processor }, i) => processor / times[1][i + 2].processor);
  const same = times[0][0].sum === times[1][0].sum ? 'equal' : 'different';
  console.log(`here / there, processor time: median of the pairs ${median(ratios).toFixed(2)}; labels ${same}`);
}

if (options.against && !options.sources) await compare(options.against);
else {
  const { tf, run } = await open(options.sources);
  if (options.profile) await profileKernels(tf, run);
  else if (options.sources) {
    process.on('message', async () => process.send(await measure(run)));
    process.send('ready');
  } else {
    const times = [];
    for (let i = 0; i < rounds + 2; i++) times.push(await measure(run));
    report(name, times);
  }
}
