// Encode and decode of every tokenizer of @gss/vqvae, on the native backend and on wasm, against PyTorch with the same weights,
// inputs and threads, in turns in one run. Outputs are compared before anything is timed.
//   GSS_PYTHON=…/bin/python node bench/tokenizers.mjs             all of them
//   --only "dVAE,VQGAN f16"  --sizes 256  --rounds 5  --backends tensorflow,wasm  --threads 2
//   --torch default,tuned  --layouts contiguous,channels_last   less of PyTorch, for a shorter run
//   --profile                where the time goes on our backends, kernel by kernel
// PyTorch is measured in both memory formats, the faster counts, and twice: as it comes, and
// tuned (its malloc keeps memory, its threads sleep while they wait). A ratio above 1 says that ours is faster.
// Without PyTorch our times alone are printed. Needs no build: the packages are bundled from their sources.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundlePackages, parametersOf } from './bundle.mjs';
import { tokenizerCases, tokenizerPackages } from './tokenizers-cases.mjs';
import { startTorch } from './torch.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    sizes: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    backends: { type: 'string', default: 'tensorflow,wasm' },
    threads: { type: 'string', default: `${availableParallelism()}` },
    torch: { type: 'string', default: 'default,tuned' },
    layouts: { type: 'string', default: 'contiguous,channels_last' },
    profile: { type: 'boolean', default: false },
  },
});
const [rounds, threads] = [Number(options.rounds), Number(options.threads)];
const layouts = options.layouts.split(',');

const { tf, tensor, node, vqvae, checkpoint } = await bundlePackages('tokenizers', tokenizerPackages);
const folder = mkdtempSync(join(tmpdir(), 'gss-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
const largest = (a, b) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

const backends = [];
for (const backend of options.backends.split(',')) {
  try {
    console.log(`${backend}: ${(await node.selectBackend({ backend })).device}`);
    backends.push(backend);
  } catch (error) {
    console.log(`${backend}: not here, so not measured (${error.message})`);
  }
}
const torches = [];
try {
  for (const kind of options.torch.split(',').filter(Boolean))
    torches.push({
      label: `torch ${kind}`,
      process: await startTorch({ script: 'tokenizers.py', tuned: kind === 'tuned', threads }),
    });
  console.log(torches.length ? `PyTorch ${torches[0].process.version}, ${threads} threads` : 'PyTorch: left out');
} catch (error) {
  console.log(`PyTorch: NOT HERE, ours alone is measured (${error.message}). Name a Python that has it in GSS_PYTHON.`);
}

/** A file that Python reads, of float32 and int32 tensors in their own layout. */
function store(name, tensors) {
  const entries = new Map(
    Object.entries(tensors).map(([key, t]) => {
      const dtype = t.dtype === 'int32' ? 'I32' : 'F32';
      return [key, { dtype, shape: t.shape, data: t.dataSync() }];
    }),
  );
  const path = join(folder, name);
  writeFileSync(path, checkpoint.serializeSafetensors(entries));
  return path;
}
const tell = (question) => Promise.all(torches.map(({ process }) => process.ask(question)));

/** The same tokens (but for near ties) and the same image from PyTorch as from ours; the worst of all is returned. */
async function compare(tokens, pixels) {
  let worst = { tokens: 0, pixels: 0 };
  for (const { process } of torches.slice(0, 1))
    for (const layout of layouts) {
      const read = async (what, name) => {
        const file = join(folder, `out-${what}`);
        await process.ask({ do: what, name, layout, file });
        return checkpoint.parseSafetensors(readFileSync(file)).get('value').data;
      };
      const theirs = await read('encode', 'image');
      const different = tokens.filter((token, i) => token !== theirs[i]).length / tokens.length;
      worst = {
        tokens: Math.max(worst.tokens, different),
        pixels: Math.max(worst.pixels, largest(pixels, await read('decode', 'tokens'))),
      };
    }
  if (worst.tokens > 0.005 || worst.pixels > 1e-3)
    throw new Error(`outputs differ from PyTorch's: ${100 * worst.tokens} % of the tokens, pixels by ${worst.pixels}`);
  return worst;
}

/** Processor time of each kernel in one run, all threads added up. */
async function profile(backend, run) {
  await tf.setBackend(backend);
  const spent = new Map();
  const kernels = tf.getKernelsForBackend(backend);
  let inside = false;
  for (const kernel of kernels) {
    const kernelFunc = (params) => {
      if (inside) return kernel.kernelFunc(params);
      inside = true;
      const before = process.cpuUsage();
      try {
        return kernel.kernelFunc(params);
      } finally {
        inside = false;
        const { user, system } = process.cpuUsage(before);
        const { ms, calls } = spent.get(kernel.kernelName) ?? { ms: 0, calls: 0 };
        spent.set(kernel.kernelName, { ms: ms + (user + system) / 1000, calls: calls + 1 });
      }
    };
    tf.unregisterKernel(kernel.kernelName, backend);
    tf.registerKernel({ ...kernel, kernelFunc });
  }
  tf.dispose(tf.tidy(run));
  for (const kernel of kernels) {
    tf.unregisterKernel(kernel.kernelName, backend);
    tf.registerKernel(kernel);
  }
  for (const [name, { ms, calls }] of [...spent].sort(([, a], [, b]) => b.ms - a.ms).slice(0, 12))
    console.log(`    ${ms.toFixed(0).padStart(7)} ms ${String(calls).padStart(4)} × ${name}`);
}

const middle = (list, key) => median(list.map((time) => time[key]));
/** Median time of day, and of the processor: what both threads spent, which other programs distort less. */
const show = (list) => `${middle(list, 'ms').toFixed(1)} ms (${middle(list, 'cpu').toFixed(0)})`;

/** Times of each runner, taken in turns. */
async function interleave(runners) {
  const times = runners.map(() => []);
  for (let round = -1; round < rounds; round++)
    for (const [i, run] of runners.entries()) {
      const time = await run();
      if (round >= 0) times[i].push(time);
    }
  return times;
}

const wanted = options.only?.split(',').map((name) => name.trim());
const cases = tokenizerCases({ tf, tensor, vqvae }).filter(({ name }) => wanted?.includes(name) ?? true);
if (!cases.length) throw new Error(`--only: no tokenizer is called ${options.only}`);
for (const c of cases) {
  await tf.setBackend(backends[0]);
  const params = parametersOf({ tf, tensor }, c.spec);
  const context = c.context(); // the photo, where the tokenizer sees it: on PyTorch's side a part of the model
  const tokenizer = c.tokenizer(params);
  const weights = await tensor.stateDict(c.spec, params);
  if (context) weights.set('context', { dtype: 'F32', shape: context.shape, data: context.dataSync() });
  const path = join(folder, 'weights.safetensors');
  writeFileSync(path, checkpoint.serializeSafetensors(weights));
  await tell({ do: 'load', family: c.family, config: c.config, weights: path, layouts, threads });
  weights.clear();
  for (const side of options.sizes?.split(',').map(Number) ?? c.sizes) {
    await tf.setBackend(backends[0]);
    const image = c.image(side);
    const tokens = tokenizer.encode(image, context);
    await tell({ do: 'input', name: 'image', file: store('image', { value: image }) });
    await tell({ do: 'input', name: 'tokens', file: store('tokens', { value: tokens }) });
    const decoded = tokenizer.decode(tokens, context);
    const worst = await compare(tokens.dataSync(), decoded.dataSync());
    const same = torches.length
      ? `, tokens equal but ${(100 * worst.tokens).toFixed(2)} %, pixels within ${worst.pixels.toExponential(0)}`
      : '';
    console.log(`\n${c.name}, ${side}²${same}`);
    for (const what of ['encode', 'decode']) {
      const input = what === 'encode' ? image : tokens;
      const ours = backends.map((backend) => async () => {
        await tf.setBackend(backend);
        const [start, before] = [performance.now(), process.cpuUsage()];
        const y = tokenizer[what](input, context);
        y.dataSync();
        const { user, system } = process.cpuUsage(before);
        const ms = performance.now() - start;
        y.dispose();
        return { ms, cpu: (user + system) / 1000 };
      });
      const theirs = torches.flatMap(({ process }) =>
        layouts.map(
          (layout) => async () => process.ask({ do: what, name: what === 'encode' ? 'image' : 'tokens', layout }),
        ),
      );
      const times = await interleave([...ours, ...theirs]);
      const best = torches.map((_, t) => {
        const lists = layouts.map((_, i) => times[backends.length + layouts.length * t + i]);
        return lists.reduce((a, b) => (middle(b, 'ms') < middle(a, 'ms') ? b : a));
      });
      for (const [i, backend] of backends.entries()) {
        const ratio = (list, key) => median(list.map((theirs, r) => theirs[key] / times[i][r][key])).toFixed(2);
        const against = torches.map(({ label }, t) => {
          const list = best[t];
          return `${label} ${show(list)} → ${ratio(list, 'ms')}× (processor ${ratio(list, 'cpu')}×)`;
        });
        console.log(`  ${what} ${backend} ${show(times[i])}${against.map((line) => ` | ${line}`).join('')}`);
      }
      if (options.profile)
        for (const backend of backends) await profile(backend, () => tokenizer[what](input, context));
    }
    tf.dispose([image, tokens, decoded]);
  }
  tensor.disposeTree(params);
  context?.dispose();
}
for (const { process } of torches) process.end();
