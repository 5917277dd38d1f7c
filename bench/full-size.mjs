// The paper's sizes on this machine, once each, with random weights: seconds, processor seconds and peak memory.
//   node bench/full-size.mjs predict [PRESET]   one 512 × 512 image, default paper-ff-swin-l-ade20k
//   node bench/full-size.mjs step [BACKBONE]    two training steps of two 512 × 512 crops, default swin-t under the ADE20K head
// Native backend (`npx gss native install`). Needs `npm run build`. A step wants 21 GiB.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scripts/workspace.mjs';

const require = createRequire(join(root, 'apps/trainer/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const tf = await load('@tensorflow/tfjs-core');
const { selectBackend } = await load('@gss/tensor/node');
const { createRng, createTraining, initParams, trainable, variablesOf } = await load('@gss/tensor');
const segmenter = await load('@gss/segmenter');
const { preset } = await load('@gss/segmenter/presets');
const { priorLoss } = await load('@gss/prior');

const side = 512;
const [what = 'predict', name] = process.argv.slice(2);
await selectBackend({ backend: 'tensorflow' });

async function timed(label, run) {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${label}: ${seconds} s, ${((user + system) / 1e6).toFixed(1)} s of processor, ${result}`);
}

async function predict() {
  const { model } = preset(name ?? 'paper-ff-swin-l-ade20k');
  const params = initParams(segmenter.modelSpec(model), createRng(0));
  const made = segmenter.createSegmenter({ ...model, inference: { mode: 'whole' } }, params);
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7919) % 256);
  for (const label of ['first', 'second']) {
    await timed(label, async () => {
      const found = await made.predict({ data, width: side, height: side });
      const [labels, tokens] = [await found.labels(), await found.tokens()];
      found.dispose();
      return `${labels.width} × ${labels.height} labels, ${tokens.width} × ${tokens.height} tokens`;
    });
  }
}

async function step() {
  const { model: base } = preset('paper-ff-swin-l-ade20k');
  const backbone = segmenter.backboneVariants[name ?? 'swin-t'];
  const prior = { ...base.prior, features: segmenter.backboneChannels(backbone) };
  const model = { ...base, backbone, prior };
  const params = trainable(segmenter.networkSpec(model), initParams(segmenter.networkSpec(model), createRng(0)));
  const variables = [...variablesOf(params).values()];
  const images = tf.randomNormal([2, side, side, 3], 0, 1, 'float32', 1);
  const labels = tf.cast(tf.floor(tf.randomUniform([2, 2 * side, 2 * side], 0, prior.classes, 'float32', 2)), 'int32');
  const tokens = tf.cast(
    tf.floor(tf.randomUniform([2, side / 4, side / 4], 0, prior.vocabulary, 'float32', 3)),
    'int32',
  );
  const optimizer = tf.train.adam(1e-4);
  for (const label of ['first', 'second']) {
    await timed(label, async () => {
      const { value, grads } = tf.variableGrads(() => {
        const output = segmenter.network(images, params, model, createTraining(createRng(1)));
        return priorLoss(output, { labels, encode: () => tokens }, prior).total;
      }, variables);
      optimizer.applyGradients(grads);
      return `loss ${(await value.data())[0].toFixed(3)}, ${variables.length} parameters`;
    });
  }
}

if (what !== 'predict' && what !== 'step') throw new Error(`full-size: ${what}: say predict or step.`);
await (what === 'predict' ? predict() : step());
console.log(`peak ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(1)} GiB`);
