// How many kernels one image starts, stage by stage: what a GPU pays per dispatch, whatever its speed. Counted on wasm with tfjs' own
// kernels alone, so that it is what WebGL and WebGPU run.
//   node bench/dispatches.mjs [MODEL_DIR …]      default every folder of weights/
// --size 480x640 (rows x columns). FLOPs: gss model inspect MODEL_DIR. Needs no build.

import { File } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/workspace.mjs';
import { bundlePackages } from './bundle.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '480x640' } },
});
const [height, width] = values.size.split('x').map(Number);
const weights = join(root, 'weights');
const models = positionals.length ? positionals : readdirSync(weights).map((name) => join(weights, name));

createRequire(join(root, 'packages/tensor/package.json'))('@tensorflow/tfjs-backend-wasm');
const { tf, gss } = await bundlePackages('dispatches', { gss: '@gss/segmenter' });
await tf.setBackend('wasm');

const fileOf = (folder, name) => new File([readFileSync(join(folder, name))], name);

/** Kernels that `run` starts. Views of a tensor cost a GPU nothing; `…__op` and unnamed scopes hold kernels that are listed too. */
async function count(run) {
  let result;
  const { kernels } = await tf.profile(() => {
    result = run();
    return tf.scalar(0);
  });
  return [
    result,
    kernels.filter(({ name }) => !/^(Reshape|Identity|ExpandDims|unnamed scope|.*__op)$/.test(name)).length,
  ];
}

console.log('model | network sees | prior | decoder | inverse and labels | all');
for (const model of models) {
  const { runtime, config, dispose } = await gss.loadSegmenterFiles(
    ['config.json', 'model.safetensors'].map((name) => fileOf(model, name)),
  );
  const image = tf.zeros([1, height, width, 3]);
  const [question, prior] = await count(() => gss.ask(image, runtime));
  const [generated, decoder] = await count(() => gss.generate(question, runtime));
  const [, inverse] = await count(() => tf.argMax(gss.conclude(generated.decoded, question, runtime), 3));
  const [h, w] = gss.inputSize([height, width], config.inference);
  console.log([config.name, `${w} × ${h}`, prior, decoder, inverse, prior + decoder + inverse].join(' | '));
  dispose();
}
