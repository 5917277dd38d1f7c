// A training step of the nano preset (stage II: Swin, prior, tokens of the maskige; stage I: the compact tokenizer) on the
// native tensorflow backend and on wasm, in turns, in one run. Prints processor time (which other programs on the machine
// distort less) and time of day, and the ratio wasm / native, which should stay at most 12.
//   pnpm build && node bench/training-step.mjs [--rounds 5] [--profile]
// Without the native backend the wasm step alone is measured (`gss native install` provides it).
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, profile: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
const target = 12;
// The packages as the trainer sees them: one tfjs for all.
const require = createRequire(join(dirname(dirname(fileURLToPath(import.meta.url))), 'apps/trainer/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const loadBuilt = (name, sub = '') =>
  import(new URL(`../packages/${name}/dist/${sub ? `${sub}/` : ''}index.js`, import.meta.url).href);

const tf = await load('@tensorflow/tfjs-core');
const [{ selectBackend }, gss, { adamW, trainStep }, { network, networkSpec }] = await Promise.all([
  loadBuilt('tensor', 'node'),
  loadBuilt('tensor'),
  loadBuilt('train'),
  loadBuilt('segmenter'),
]);
const [{ swinVariants }, { priorLoss, priorVariants }, vqvae] = await Promise.all([
  loadBuilt('swin'),
  loadBuilt('prior'),
  loadBuilt('vqvae'),
]);

const [batch, side, classes] = [8, 128, 13];
const tokenizerConfig = vqvae.compactVariants.nano;

/** The two training steps on the current backend; each takes new numbers from `seed`, the same on every backend. */
function createSteps() {
  const model = {
    backbone: { type: 'swin', config: swinVariants.nano },
    prior: {
      ...priorVariants.nano,
      features: swinVariants.nano.channels,
      classes,
      vocabulary: tokenizerConfig.codes,
    },
  };
  const rng = gss.createRng(1);
  const tensor = (shape, dtype, value) =>
    tf.tensor(
      (dtype === 'int32' ? Int32Array : Float32Array).from({ length: shape.reduce((a, b) => a * b) }, value),
      shape,
      dtype,
    );
  const images = tensor([batch, side, side, 3], 'float32', () => rng.normal());
  const stripes = (_, i) => (Math.floor(i / 37) + Math.floor(i / 1111)) % classes;
  const labels = tensor([batch, side, side], 'int32', stripes);
  const colours = tensor([classes + 1, 3], 'float32', () => rng.uniform());
  const spec = networkSpec(model);
  const params = gss.trainable(spec, gss.initParams(spec, gss.createRng(2)));
  const tokenizerSpec = vqvae.compactSpec(tokenizerConfig);
  const frozen = gss.initParams(tokenizerSpec, gss.createRng(3));
  const tokenizer = vqvae.compactTokenizer(tokenizerConfig, frozen, { checkTokens: false });
  const trained = gss.trainable(tokenizerSpec, gss.initParams(tokenizerSpec, gss.createRng(3)));
  const optimizers = { prior: adamW(), tokenizer: adamW() };
  const rest = { learningRate: 1e-3, clipNorm: 1 };
  return {
    async prior() {
      const training = gss.createTraining(gss.createRng(4));
      const loss = () => {
        const output = network(images, params, model, training);
        const encode = (l) => tokenizer.encode(tf.gather(colours, l));
        const { total } = priorLoss(output, { labels, encode }, model.prior, { pixelSize: 'map' });
        return { loss: total };
      };
      const result = await trainStep({
        loss,
        variables: gss.variablesOf(params),
        optimizer: optimizers.prior,
        ...rest,
      });
      gss.discardStatistics(training);
      return result.loss;
    },
    async tokenizer() {
      const loss = () => vqvae.compactLoss(tf.gather(colours, labels), trained, tokenizerConfig, { palette: colours });
      const variables = gss.variablesOf(trained);
      const result = await trainStep({ loss, variables, optimizer: optimizers.tokenizer, ...rest });
      return result.loss;
    },
  };
}

/** Milliseconds of processor time so far, of all threads. */
function processor() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor time of every kernel of a backend: wraps them, returns a function that prints the table and stops. */
function clockKernels(backend) {
  const spent = new Map();
  let inside = false;
  const kernels = tf.getKernelsForBackend(backend);
  for (const kernel of kernels) {
    const kernelFunc = (params) => {
      if (inside) return kernel.kernelFunc(params);
      inside = true;
      const start = processor();
      try {
        return kernel.kernelFunc(params);
      } finally {
        inside = false;
        const record = spent.get(kernel.kernelName) ?? { ms: 0, calls: 0 };
        record.ms += processor() - start;
        record.calls++;
        spent.set(kernel.kernelName, record);
      }
    };
    tf.unregisterKernel(kernel.kernelName, backend);
    tf.registerKernel({ ...kernel, kernelFunc });
  }
  return () => {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, backend);
      tf.registerKernel(kernel);
    }
    const rows = [...spent].sort(([, a], [, b]) => b.ms - a.ms).slice(0, 20);
    for (const [name, { ms, calls }] of rows)
      console.log(`  ${ms.toFixed(1).padStart(8)} ms ${String(calls).padStart(5)} × ${name}`);
  };
}

async function tryBackend(backend) {
  try {
    console.log(`${backend}: ${(await selectBackend({ backend })).device}`);
    return true;
  } catch (error) {
    console.log(`${backend}: skipped, ${error.message}`);
    return false;
  }
}

const backends = [];
for (const backend of ['tensorflow', 'wasm']) if (await tryBackend(backend)) backends.push(backend);
const steps = new Map();
for (const backend of backends) {
  await tf.setBackend(backend);
  steps.set(backend, createSteps());
}
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
for (const which of ['prior', 'tokenizer']) {
  const measured = new Map(backends.map((backend) => [backend, { cpu: [], wall: [], tensors: 0 }]));
  for (let round = 0; round <= rounds; round++) {
    for (const backend of backends) {
      await tf.setBackend(backend);
      const { numTensors } = tf.memory();
      const [cpu, wall] = [processor(), performance.now()];
      const loss = await steps.get(backend)[which]();
      const record = measured.get(backend);
      if (round === 0) {
        console.log(`${which} on ${backend}: first loss ${loss.toFixed(6)}`);
        continue; // the first step also makes the optimizer's state and warms up
      }
      record.cpu.push(processor() - cpu);
      record.wall.push(performance.now() - wall);
      record.tensors += tf.memory().numTensors - numTensors;
    }
  }
  for (const [backend, { cpu, wall, tensors }] of measured) {
    const figures = `processor ${median(cpu).toFixed(0)} ms a step (best ${Math.min(...cpu).toFixed(0)}), time of day ${median(wall).toFixed(0)} ms (best ${Math.min(...wall).toFixed(0)})`;
    console.log(`${which} on ${backend}: ${figures}${tensors ? `, LEAKS ${tensors} tensors` : ''}`);
    if (!values.profile) continue;
    await tf.setBackend(backend);
    const print = clockKernels(backend);
    await steps.get(backend)[which]();
    print();
  }
  if (backends.length < 2) continue;
  const ratio = (key) => median(measured.get('wasm')[key]) / median(measured.get('tensorflow')[key]);
  const day = ratio('wall');
  console.log(
    `${which}: wasm / native = ${ratio('cpu').toFixed(1)}× processor, ${day.toFixed(1)}× time of day (target ≤ ${target}×: ${day <= target ? 'held' : 'MISSED'})`,
  );
}
