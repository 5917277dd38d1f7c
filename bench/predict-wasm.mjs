// One image through `predict` and `labels` on wasm, one thread: processor time and clock, median of --rounds after two to warm up.
//   node bench/predict-wasm.mjs [PRESET]        default nano
//   node bench/predict-wasm.mjs MODEL_DIR       a model folder, opened anew for every image: opening and its first image are told apart
//   node bench/predict-wasm.mjs --profile       where the time goes, kernel by kernel
//   node bench/predict-wasm.mjs --against DIR   in turns with the sources of another checkout, in a process each
// --size 384x512 (rows x columns) --classes 11 --rounds 15 --confidence (asks for it too) --native (TensorFlow, not wasm). Needs no build.
import { File } from 'node:buffer';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
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
    native: { type: 'boolean', default: false },
    against: { type: 'string' },
    /** Set for the processes of --against: the checkout whose sources this one runs. */
    sources: { type: 'string' },
  },
});
const [height, width] = options.size.split('x').map(Number);
const rounds = Number(options.rounds);
const [name = 'nano'] = positionals;
const isFolder = existsSync(join(name, 'config.json'));

/** Functions that give a segmenter, segment one image with it, and let it go; and tfjs. */
async function open(sources) {
  const require = createRequire(join(root, 'packages/tensor/package.json'));
  const parts = {
    tensor: '@gss/tensor',
    kernels: options.native ? '@gss/tensor/kernels/tensorflow' : '@gss/tensor/kernels/wasm',
    gss: '@gss/segmenter',
    presets: '@gss/segmenter/presets',
  };
  const { tf, tensor, kernels, gss, presets } = await bundlePackages(
    `predict-${options.native ? 'native' : 'wasm'}${sources === root ? '-here' : sources ? '-there' : ''}`,
    parts,
    sources,
  );
  if (options.native) {
    require('@tensorflow/tfjs-node-gpu');
    await tf.setBackend('tensorflow');
    kernels.registerTensorflowKernels();
  } else {
    require('@tensorflow/tfjs-backend-wasm').setThreadsCount(1);
    await tf.setBackend('wasm');
    kernels.registerWasmKernels();
  }
  const rng = tensor.createRng(2);
  const image = { data: Uint8Array.from({ length: height * width * 3 }, () => rng.int(256)), width, height };
  const close = (segmenter) => isFolder && segmenter.dispose();
  const run = async (segmenter) => {
    const prediction = await segmenter.predict(image);
    const { data } = await prediction.labels();
    if (options.confidence) await prediction.confidence();
    prediction.dispose();
    return data;
  };
  if (isFolder) {
    const files = ['config.json', 'model.safetensors'].map((file) => new File([readFileSync(join(name, file))], file));
    return { tf, make: () => gss.loadSegmenterFiles(files), run, close };
  }
  const { model } = presets.preset(name, { classes: Number(options.classes) });
  const segmenter = gss.createSegmenter(model, tensor.initParams(gss.modelSpec(model), tensor.createRng(1)));
  return { tf, make: async () => segmenter, run, close };
}

async function timed(work) {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const result = await work();
  const clock = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { result, clock, processor: (user + system) / 1000 };
}

async function measure({ make, run, close }) {
  const opened = await timed(make);
  const { result: data, ...image } = await timed(() => run(opened.result));
  close(opened.result);
  const sum = data.reduce((hash, label) => (Math.imul(hash, 31) + label) | 0, 0);
  return { ...image, opening: opened.processor, sum };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
function report(what, all) {
  const times = all.slice(2);
  const [user, clock] = [times.map(({ processor }) => processor), times.map(({ clock }) => clock)];
  console.log(
    `${what} at ${width} × ${height}, ${options.classes} classes: ${median(user).toFixed(0)} ms of processor (least ${Math.min(...user).toFixed(0)}), ${median(clock).toFixed(0)} ms by the clock (best ${Math.min(...clock).toFixed(0)}), ${options.native ? 'native' : '1 thread'}`,
  );
  const opening = median(times.map(({ opening }) => opening));
  if (isFolder)
    console.log(
      `  opening the folder before: ${opening.toFixed(0)} ms of processor; the very first image ${all[0].processor.toFixed(0)}`,
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
  if (!isFolder) return;
  const whole = ({ opening, processor }) => opening + processor;
  const both = times[0].slice(2).map((time, i) => whole(time) / whole(times[1][i + 2]));
  console.log(`the same with the opening: ${median(both).toFixed(2)}`);
}

if (options.against && !options.sources) await compare(options.against);
else {
  const sides = await open(options.sources);
  if (options.profile) {
    const segmenter = await sides.make();
    await profileKernels(sides.tf, () => sides.run(segmenter));
  } else if (options.sources) {
    process.on('message', async () => process.send(await measure(sides)));
    process.send('ready');
  } else {
    const times = [];
    for (let i = 0; i < rounds + 2; i++) times.push(await measure(sides));
    report(name, times);
  }
}
