// EfficientNet-Lite against PyTorch with one thread each, in processor time: the least of several rounds, both by turns.
//   GSS_PYTHON=…/python node bench/efficientnet.mjs     (without PyTorch: our figures alone)
// --backend tensorflow|wasm --variant lite0 --sizes 256,512 --rounds 8. Needs no build.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root, sourceAliases } from '../scripts/workspace.mjs';

const { values: options } = parseArgs({
  options: {
    backend: { type: 'string', default: 'tensorflow' },
    variant: { type: 'string', default: 'lite0' },
    sizes: { type: 'string', default: '256,512' },
    rounds: { type: 'string', default: '8' },
  },
});
process.env.TF_NUM_INTRAOP_THREADS = '1';
process.env.OMP_NUM_THREADS = '1';

async function bundle() {
  const folder = join(root, 'packages/tensor/node_modules/.cache/bench');
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, 'efficientnet-entry.ts');
  const names = ['@gss/tensor', '@gss/tensor/node', '@gss/efficientnet'];
  writeFileSync(entry, names.map((name) => `export * from '${name}';`).join('\n'));
  const resolve = ({ path }) => {
    const { find, replacement } = sourceAliases.find((alias) => alias.find.test(path));
    return { path: path.replace(find, replacement) };
  };
  const plugins = [{ name: 'sources', setup: (b) => void b.onResolve({ filter: /^@gss\// }, resolve) }];
  const outfile = join(folder, 'efficientnet.mjs');
  const fixed = { bundle: true, format: 'esm', platform: 'node', logLevel: 'error' };
  await build({ ...fixed, entryPoints: [entry], outfile, external: ['@tensorflow/*', 'webgpu'], plugins });
  return import(pathToFileURL(outfile).href);
}

/** A process with PyTorch that answers one line at a time, or undefined. */
async function startTorch() {
  const script = fileURLToPath(new URL('efficientnet.py', import.meta.url));
  const child = spawn(process.env.GSS_PYTHON ?? 'python3', [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    return done ? undefined : JSON.parse(value);
  };
  const hello = await read();
  if (!hello) return undefined;
  return {
    version: hello.torch,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return read();
    },
    end: () => child.stdin.end(),
  };
}

const gss = await bundle();
const tf = createRequire(join(root, 'packages/tensor/package.json'))('@tensorflow/tfjs');
const { device } = await gss.selectBackend({ backend: options.backend });
const config = { ...gss.efficientnetVariants[options.variant], dropPath: 0 };
const spec = gss.efficientnetSpec(config);
const params = gss.trainable(spec, gss.initParams(spec, gss.createRng(1)));
const variables = [...gss.variablesOf(params).values()];

function forward(image) {
  const sums = tf.tidy(() => gss.efficientnet(image, params, config).map((map) => tf.sum(map)));
  for (const sum of sums) sum.dataSync();
  tf.dispose(sums);
}

function step(image) {
  const training = gss.createTraining(gss.createRng(1));
  const loss = () =>
    gss
      .efficientnet(image, params, config, training)
      .map((map) => tf.mean(tf.square(map)))
      .reduce((a, b) => tf.add(a, b));
  const { value, grads } = tf.variableGrads(loss, variables);
  value.dataSync();
  tf.dispose([value, grads]);
  gss.discardStatistics(training);
}

const torch = await startTorch();
console.log(`${options.variant}, ${device}${torch ? `, PyTorch ${torch.version}` : ', no PyTorch'}; ms of one thread`);
const stages = config.stages.map(({ repeats, kernel, stride, expand, channels }) => [
  ...[repeats, kernel, stride, expand, channels],
]);
for (const size of options.sizes.split(',').map(Number)) {
  const image = tf.randomNormal([1, size, size, 3]);
  for (const [mode, run] of Object.entries({ forward, step })) {
    const least = { ours: Number.POSITIVE_INFINITY, nchw: Number.POSITIVE_INFINITY, nhwc: Number.POSITIVE_INFINITY };
    for (const layout of torch ? ['nchw', 'nhwc'] : ['none']) {
      if (torch) {
        const model = { stages, stemChannels: config.stemChannels, headChannels: config.headChannels };
        await torch.ask({ ...model, size, batch: 1, layout });
      }
      for (let i = 0; i < Number(options.rounds) + 2; i++) {
        const before = process.cpuUsage();
        run(image);
        const { user, system } = process.cpuUsage(before);
        const ms = torch ? (await torch.ask({ mode })).ms : Number.POSITIVE_INFINITY;
        if (i < 2) continue;
        least.ours = Math.min(least.ours, (user + system) / 1000);
        least[layout] = Math.min(least[layout], ms);
      }
    }
    const against = (layout) =>
      torch ? ` · ${layout} ${least[layout].toFixed(1)} (${(least[layout] / least.ours).toFixed(2)}×)` : '';
    console.log(`${size}² ${mode.padEnd(7)} ${least.ours.toFixed(1)}${against('nchw')}${against('nhwc')}`);
  }
  image.dispose();
}
torch?.end();
