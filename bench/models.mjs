// The networks of stage II (backbone and prior): parameters, a forward pass and a training step, in processor time.
//   node bench/models.mjs             nano and tiny on wasm with our kernels, and on tensorflow when it is there
//   node bench/models.mjs --profile   where the step of nano spends its time on wasm, kernel by kernel
// --size 128x192 (rows x columns) --batch 4 --codes 512 --rounds 5. Needs no build: the packages are bundled from their sources.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root, sourceAliases } from '../scripts/workspace.mjs';

const require = createRequire(join(root, 'packages/tensor/package.json'));
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');
const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '128x192' },
    batch: { type: 'string', default: '4' },
    codes: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '5' },
    profile: { type: 'boolean', default: false },
  },
});
const [rows, columns] = options.size.split('x').map(Number);
const [batch, codes, rounds] = [options.batch, options.codes, options.rounds].map(Number);
const classes = 13;

/** The packages, bundled against the one tfjs-core that the backends are registered with. */
async function bundle() {
  const folder = join(root, 'packages/tensor/node_modules/.cache/bench');
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, 'models-entry.ts');
  const names = [
    '@gss/tensor',
    '@gss/tensor/kernels/wasm',
    '@gss/tensor/kernels/tensorflow',
    '@gss/swin',
    '@gss/prior',
  ];
  writeFileSync(entry, `${names.map((name) => `export * from '${name}';`).join('\n')}\n`);
  const aliases = {
    name: 'sources',
    setup(b) {
      b.onResolve({ filter: /^@gss\// }, ({ path }) => {
        const { find, replacement } = sourceAliases.find(({ find }) => find.test(path));
        return { path: path.replace(find, replacement) };
      });
    },
  };
  const outfile = join(folder, 'models.mjs');
  const external = ['@tensorflow/*', 'node:*'];
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external,
    plugins: [aliases],
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}

const gss = await bundle();

function model(size) {
  const backbone = gss.swinVariants[size];
  const prior = { ...gss.priorVariants[size], features: backbone.channels, classes, vocabulary: codes };
  const spec = { backbone: gss.swinSpec(backbone), decode_head: gss.priorSpec(prior) };
  const params = gss.trainable(spec, gss.initParams(spec, gss.createRng(1)));
  const variables = [...gss.variablesOf(params).values()];
  const image = tf.randomNormal([batch, rows, columns, 3], 0, 1, 'float32', 1);
  const [h, w] = [Math.ceil(rows / 4), Math.ceil(columns / 4)];
  const labels = tf.randomUniform([batch, 4 * h, 4 * w], 0, classes, 'int32', 2);
  const tokens = tf.randomUniform([batch, h, w], 0, codes, 'int32', 3);
  const run = (training) =>
    gss.prior(gss.swin(image, params.backbone, backbone, training), params.decode_head, prior, training);
  return {
    parameters: gss.countParams(spec),
    forward: () => tf.tidy(() => tf.sum(run().tokenLogits)),
    step() {
      const training = gss.createTraining(gss.createRng(1));
      const { value, grads } = tf.variableGrads(() => {
        const loss = gss.priorLoss(run(training), { labels, encode: () => tf.clone(tokens) }, prior, {
          pixelSize: 'map',
        });
        return loss.total;
      }, variables);
      tf.dispose(grads);
      gss.discardStatistics(training);
      return value;
    },
    dispose() {
      gss.disposeTree(params);
      tf.dispose([image, labels, tokens]);
    },
  };
}

/** Median processor time of `fn` in ms, all threads added up. */
function measure(fn) {
  const times = [];
  for (let i = 0; i < rounds + 2; i++) {
    const before = process.cpuUsage();
    const out = fn();
    out.dataSync();
    out.dispose();
    const { user, system } = process.cpuUsage(before);
    if (i >= 2) times.push((user + system) / 1000);
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1];
}

async function useNative() {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    require('@tensorflow/tfjs-node-gpu');
    gss.registerTensorflowKernels();
    return tf.setBackend('tensorflow');
  } catch (error) {
    console.log(`tensorflow: not here (${String(error.message).split('\n')[0]})`);
    return false;
  }
}

async function profile() {
  const { step } = model('nano');
  step().dispose();
  const times = new Map();
  const { kernels } = await tf.profile(() => step());
  for (const { name, kernelTimeMs } of kernels) times.set(name, (times.get(name) ?? 0) + (await kernelTimeMs));
  for (const [name, ms] of [...times].sort((a, b) => b[1] - a[1]).slice(0, 20))
    console.log(`${ms.toFixed(1).padStart(8)} ms  ${name}`);
}

await tf.setBackend('wasm');
gss.registerWasmKernels();
if (options.profile) {
  await profile();
} else {
  console.log(
    `[${batch}, ${rows}, ${columns}, 3], ${codes} codes, ${classes} classes; processor time, median of ${rounds}`,
  );
  for (const backend of ['wasm', 'tensorflow']) {
    if (backend === 'tensorflow' && !(await useNative())) break;
    for (const size of ['nano', 'tiny']) {
      const { parameters, forward, step, dispose } = model(size);
      const [once, train] = [measure(forward), measure(step)];
      console.log(
        `${backend.padEnd(10)} ${size}  ${(parameters / 1e6).toFixed(2)} M parameters  forward ${once.toFixed(0)} ms  training step ${train.toFixed(0)} ms`,
      );
      dispose();
    }
  }
}
