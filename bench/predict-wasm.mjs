// One image through `predict` and `labels` on wasm, one thread: processor time and clock, median of --rounds after two to warm up.
//   node bench/predict-wasm.mjs [PRESET …]       default nano
//   node bench/predict-wasm.mjs --profile        where the time goes, kernel by kernel
// --size 384x512 (rows x columns) --classes 11 --rounds 15. Needs no build.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/workspace.mjs';
import { bundlePackages } from './bundle.mjs';
import { profileKernels } from './wasm-profile.mjs';

const require = createRequire(join(root, 'packages/tensor/package.json'));
const wasm = require('@tensorflow/tfjs-backend-wasm');
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '384x512' },
    classes: { type: 'string', default: '11' },
    rounds: { type: 'string', default: '15' },
    profile: { type: 'boolean', default: false },
  },
});
const [height, width] = options.size.split('x').map(Number);
const { tf, tensor, kernels, gss, presets } = await bundlePackages('predict-wasm', {
  tensor: '@gss/tensor',
  kernels: '@gss/tensor/kernels/wasm',
  gss: '@gss/segmenter',
  presets: '@gss/segmenter/presets',
});
wasm.setThreadsCount(1);
await tf.setBackend('wasm');
kernels.registerWasmKernels();
const rng = tensor.createRng(2);
const image = { data: Uint8Array.from({ length: height * width * 3 }, () => rng.int(256)), width, height };
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

async function once(segmenter) {
  const prediction = await segmenter.predict(image);
  const labels = await prediction.labels();
  prediction.dispose();
  return labels;
}

for (const name of positionals.length ? positionals : ['nano']) {
  const { model } = presets.preset(name, { classes: Number(options.classes) });
  const segmenter = gss.createSegmenter(model, tensor.initParams(gss.modelSpec(model), tensor.createRng(1)));
  if (options.profile) await profileKernels(tf, () => once(segmenter));
  else {
    const [user, clock] = [[], []];
    for (let i = 0; i < Number(options.rounds) + 2; i++) {
      const [cpu, began] = [process.cpuUsage(), performance.now()];
      await once(segmenter);
      if (i < 2) continue;
      clock.push(performance.now() - began);
      const used = process.cpuUsage(cpu);
      user.push((used.user + used.system) / 1000);
    }
    console.log(
      `${name} at ${width} × ${height}, ${options.classes} classes: ${median(user).toFixed(0)} ms of processor (least ${Math.min(...user).toFixed(0)}), ${median(clock).toFixed(0)} ms by the clock (best ${Math.min(...clock).toFixed(0)}), ${wasm.getThreadsCount()} thread`,
    );
  }
  segmenter.dispose();
}
