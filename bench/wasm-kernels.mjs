// Training on tfjs' wasm backend with the kernels of @gss/tensor, beside the native tensorflow backend when it is there.
//   node bench/wasm-kernels.mjs              a training step of a small conv + Swin network on each backend, in turns
//   node bench/wasm-kernels.mjs --profile    where the wasm step spends its time, kernel by kernel
//   node bench/wasm-kernels.mjs --kernels    single kernels: stock, ours, tensorflow, in processor time (tensorflow's threads
//                                            added up); ONLY=text picks cases; --no-native leaves tensorflow out
// Needs no build: @gss/tensor is bundled from its sources. ROUNDS=n sets the number of rounds.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { kernelCases } from './wasm-kernel-cases.mjs';
import { createNetwork } from './wasm-network.mjs';

const home = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages/tensor');
const require = createRequire(join(home, 'package.json'));
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');
const rounds = Number(process.env.ROUNDS ?? 7);
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

async function bundle(entry, name) {
  const folder = join(home, 'node_modules/.cache/bench');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, name);
  const options = { bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' };
  await build({ ...options, entryPoints: [join(home, entry)], outfile });
  return import(pathToFileURL(outfile).href);
}

async function native() {
  if (process.argv.includes('--no-native')) return false;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    require('@tensorflow/tfjs-node-gpu');
    return true;
  } catch (error) {
    console.log(`tensorflow backend: not here (${String(error.message).split('\n')[0]})`);
    return false;
  }
}

/** Milliseconds of processor time so far: on a busy machine it says more than the time of day. */
function processor() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor milliseconds of one call of `run` on a backend, read back at the end. */
async function time(backend, run, calls = 1) {
  await tf.setBackend(backend);
  const start = processor();
  for (let i = 0; i < calls; i++) {
    const result = tf.tidy(run);
    if (i === calls - 1) result.dataSync();
    result.dispose();
  }
  return (processor() - start) / calls;
}

/** Wraps every wasm kernel with a clock of processor time; returns a function that reads the clocks and resets them. */
function clockKernels() {
  let spent = new Map();
  let inside = 0;
  for (const kernel of tf.getKernelsForBackend('wasm')) {
    const { kernelName, kernelFunc } = kernel;
    tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      ...kernel,
      kernelFunc: (params) => {
        if (inside) return kernelFunc(params);
        inside++;
        const start = processor();
        try {
          return kernelFunc(params);
        } finally {
          inside--;
          const record = spent.get(kernelName) ?? { ms: 0, calls: 0, worst: 0, shapes: '' };
          const ms = processor() - start;
          record.ms += ms;
          record.calls++;
          if (ms > record.worst) {
            const shapes = Object.values(params.inputs)
              .flat()
              .map((tensor) => `[${tensor?.shape}]`);
            Object.assign(record, { worst: ms, shapes: shapes.slice(0, 3).join(' ') });
          }
          spent.set(kernelName, record);
        }
      },
    });
  }
  return () => {
    const result = spent;
    spent = new Map();
    return result;
  };
}

const gss = await bundle('src/index.ts', 'tensor.mjs');
const { registerWasmKernels } = await bundle('src/kernels/wasm/index.ts', 'wasm.mjs');
const hasNative = await native();
if (hasNative) (await bundle('src/kernels/tensorflow/index.ts', 'tensorflow.mjs')).registerTensorflowKernels();
await tf.setBackend('wasm');

if (process.argv.includes('--kernels')) {
  const cases = kernelCases(tf, gss);
  const results = cases.map(({ name, flops }) => ({ name, flops, stock: [], ours: [], tensorflow: [] }));
  const measure = async (backend, key, count) => {
    for (const [i, { run, inputs, kernels }] of cases.entries()) {
      await tf.setBackend(backend);
      if (key !== 'tensorflow' && kernels.some((kernel) => !tf.getKernel(kernel, backend))) continue;
      const tensors = inputs();
      for (let round = 0; round <= count; round++) {
        const ms = await time(backend, () => run(...tensors), 2);
        if (round) results[i][key].push(ms);
      }
      tf.dispose(tensors);
    }
  };
  await measure('wasm', 'stock', 3);
  registerWasmKernels();
  for (let round = 0; round < rounds; round++) {
    await measure('wasm', 'ours', 1);
    if (hasNative) await measure('tensorflow', 'tensorflow', 1);
  }
  for (const { name, flops, stock, ours, tensorflow } of results) {
    const show = (times) => {
      if (!times.length) return '      –            ';
      const ms = median(times);
      const speed = flops ? `${(flops / ms / 1e6).toFixed(1).padStart(6)} GFLOPS` : '             ';
      return `${ms.toFixed(2).padStart(8)} ms ${speed}`;
    };
    const ratio = tensorflow.length ? (median(ours) / median(tensorflow)).toFixed(1).padStart(6) : '';
    console.log(
      `${name.padEnd(44)} stock ${show(stock)}  ours ${show(ours)}  tensorflow ${show(tensorflow)} ${ratio}×`,
    );
  }
} else {
  console.log(registerWasmKernels());
  const backends = ['wasm', ...(hasNative ? ['tensorflow'] : [])];
  const networks = new Map();
  for (const backend of backends) {
    await tf.setBackend(backend);
    networks.set(backend, createNetwork(tf, gss));
  }
  const times = new Map(backends.map((backend) => [backend, []]));
  const cpuTimes = new Map(backends.map((backend) => [backend, []]));
  const readClocks = process.argv.includes('--profile') ? clockKernels() : undefined;
  for (let round = 0; round <= rounds; round++) {
    for (const backend of backends) {
      await tf.setBackend(backend);
      const before = processor();
      const start = performance.now();
      const loss = networks.get(backend).step();
      const ms = performance.now() - start;
      const busy = processor() - before;
      if (round) {
        times.get(backend).push(ms);
        cpuTimes.get(backend).push(busy);
      } else {
        readClocks?.();
        console.log(`${backend}: first loss ${loss.toFixed(6)}, ${tf.memory().numTensors} tensors`);
      }
    }
  }
  for (const [backend, list] of times)
    console.log(
      `${backend.padEnd(12)} ${median(list).toFixed(0)} ms a step, best ${Math.min(...list).toFixed(0)}, processor ${median(cpuTimes.get(backend)).toFixed(0)} ms`,
    );
  if (hasNative)
    console.log(`wasm / tensorflow: ${(median(times.get('wasm')) / median(times.get('tensorflow'))).toFixed(1)}×`);
  if (readClocks) {
    const rows = [...readClocks()].sort(([, a], [, b]) => b.ms - a.ms);
    const total = rows.reduce((sum, [, { ms }]) => sum + ms, 0);
    console.log(`in kernels ${(total / rounds).toFixed(0)} ms a step`);
    for (const [name, { ms, calls, worst, shapes }] of rows) {
      const share = `${((100 * ms) / total).toFixed(1).padStart(5)} %`;
      console.log(
        `${share} ${(ms / rounds).toFixed(2).padStart(8)} ms ${String(calls / rounds).padStart(5)} × ${name.padEnd(28)} worst ${worst.toFixed(2)} ms ${shapes}`,
      );
    }
  }
}
