// The paper's sizes on this machine, once each, with random weights: seconds, processor seconds and memory of every phase.
//   node bench/full-size.mjs predict [PRESET]   one 512 × 512 image, default paper-ff-swin-l-ade20k
//   node bench/full-size.mjs step [BACKBONE]    two training steps of two 512 × 512 crops, default swin-t under the ADE20K head
// --side 512: of the image or the crops; try 64 first. Every phase says when it begins and ends, and within a long one a line comes every ten seconds.
// Native backend (`npx gss native install`). Needs `npm run build`.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../scripts/workspace.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { side: { type: 'string', default: '512' } },
});
const side = Number(options.side);
const [what = 'predict', name] = positionals;
if (what !== 'predict' && what !== 'step') throw new Error(`full-size: ${what}: say predict or step.`);
if (!(side > 0 && side % 32 === 0)) throw new Error(`full-size: --side ${options.side}: say a multiple of 32.`);

const started = performance.now();
const gib = (bytes) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const say = (text) =>
  console.log(
    `${seconds(performance.now() - started).padStart(8)}  ${gib(process.memoryUsage.rss()).padStart(9)}  ${text}`,
  );

/** The phase at hand, its operations so far, and when it was last heard of. */
const now = { label: '', operations: 0, said: 0 };

/** Runs a phase; what it returns may be a promise. `tell` makes of the result what is said of it. */
async function phase(label, run, tell = () => '') {
  say(`${label} …`);
  Object.assign(now, { label, operations: 0, said: performance.now() });
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  const told = await tell(result);
  say(
    `${label}: ${seconds(performance.now() - began)}, ${seconds((user + system) / 1000)} of processor${now.operations ? `, ${now.operations} operations` : ''}${told ? `, ${told}` : ''}`,
  );
  return result;
}

/** A line every ten seconds from within TensorFlow's operations, since nothing else gets a turn while they run. */
function watchOperations(backend) {
  const { binding } = backend; // its functions are read-only, so another object stands in for it
  const executeOp = (...args) => {
    now.operations++;
    if (performance.now() - now.said > 10_000) {
      now.said = performance.now();
      say(`${now.label}: operation ${now.operations}, ${args[0]}`);
    }
    return binding.executeOp(...args);
  };
  backend.binding = Object.create(binding, { executeOp: { value: executeOp } });
}

const require = createRequire(join(root, 'apps/trainer/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { tf, tensor, segmenter, preset, priorLoss, variableGradients } = await phase(
  'loading packages and TensorFlow',
  async () => {
    const tf = await load('@tensorflow/tfjs-core');
    const { selectBackend } = await load('@gss/tensor/node');
    await selectBackend({ backend: 'tensorflow' });
    watchOperations(tf.backend());
    const { preset } = await load('@gss/segmenter/presets');
    const { priorLoss } = await load('@gss/prior');
    const { variableGradients } = await load('@gss/train');
    const [tensor, segmenter] = [await load('@gss/tensor'), await load('@gss/segmenter')];
    return { tf, tensor, segmenter, preset, priorLoss, variableGradients };
  },
);

const made = (spec) =>
  phase(
    `building ${(tensor.countParams(spec) / 1e6).toFixed(1)} million parameters`,
    () => tensor.initParams(spec, tensor.createRng(0)),
    () => gib(tf.memory().numBytes),
  );

async function predict() {
  const { model } = preset(name ?? 'paper-ff-swin-l-ade20k');
  const params = await made(segmenter.modelSpec(model));
  const opened = segmenter.createSegmenter({ ...model, inference: { mode: 'whole' } }, params);
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7919) % 256);
  const run = async () => {
    const found = await opened.predict({ data, width: side, height: side });
    const [labels, tokens] = [await found.labels(), await found.tokens()];
    found.dispose();
    return `${labels.width} × ${labels.height} labels, ${tokens.width} × ${tokens.height} tokens`;
  };
  for (const label of ['first', 'second']) await phase(`${label} image`, run, (result) => result);
}

async function step() {
  const { model: base } = preset('paper-ff-swin-l-ade20k');
  const backbone = segmenter.backboneVariants[name ?? 'swin-t'];
  if (!backbone) throw new Error(`full-size: ${name}: say ${Object.keys(segmenter.backboneVariants).join(', ')}.`);
  const prior = { ...base.prior, features: segmenter.backboneChannels(backbone) };
  const model = { ...base, backbone, prior };
  const spec = segmenter.networkSpec(model);
  const plain = await made(spec);
  const [params, images, labels, tokens] = await phase('allocating variables, crops and targets', () => {
    const whole = (shape, limit, seed) =>
      tf.tidy(() => {
        const drawn = tf.floor(tf.randomUniform(shape, 0, limit, 'float32', seed));
        return tf.cast(tf.minimum(drawn, limit - 1), 'int32'); // rounding to float32 may reach the limit itself
      });
    return [
      tensor.trainable(spec, plain),
      tf.randomNormal([2, side, side, 3], 0, 1, 'float32', 1),
      whole([2, 2 * side, 2 * side], prior.classes, 2),
      whole([2, side / 4, side / 4], prior.vocabulary, 3),
    ];
  });
  const variables = [...tensor.variablesOf(params).values()];
  const optimizer = tf.train.adam(1e-4);
  for (const label of ['first', 'second']) {
    let forwardDone = 0;
    const { value, gradients } = await phase(
      `${label} step, forward and backward`,
      () =>
        variableGradients(() => {
          const began = performance.now();
          const output = segmenter.network(images, params, model, tensor.createTraining(tensor.createRng(1)));
          say(`${label} step: network forward, ${seconds(performance.now() - began)}`);
          const loss = priorLoss(output, { labels, encode: () => tokens }, prior).total;
          forwardDone = performance.now();
          say(`${label} step: loss, ${seconds(forwardDone - began)}; backward …`);
          return loss;
        }, variables),
      async ({ value }) =>
        `backward ${seconds(performance.now() - forwardDone)}, loss ${(await value.data())[0].toFixed(3)}, ${variables.length} parameters`,
    );
    await phase(`${label} step, Adam`, () => optimizer.applyGradients(Object.fromEntries(gradients)));
    tf.dispose([value, ...gradients.values()]);
  }
}

await (what === 'predict' ? predict() : step());
console.log(`peak ${gib(process.resourceUsage().maxRSS * 1024)}`);
