// Run by selfTestNative in a process of its own: one training step on the tensorflow backend and on the cpu backend.
// argv[2] is the folder of @tensorflow/tfjs-node-gpu; the last line on stdout is one JSON object.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const util = require('node:util');
if (Number.parseInt(process.versions.node, 10) >= 22) {
  util.isNullOrUndefined = (value) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

/** A failure is an answer too: its message alone says more than the tail of a stack. */
function fail(error) {
  console.log(JSON.stringify({ ok: false, reason: error instanceof Error ? error.message : String(error) }));
  process.exit(0);
}
process.on('uncaughtException', fail);
const tf = require(process.argv[2]);

// Smooth, irregular numbers without a random source, so that both backends start from the same bits.
const values = (shape, seed) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 12.9898 + seed) * 0.5),
    shape,
  );

/** Loss, updated weights and the largest logits of one SGD step, as plain numbers. */
async function trainingStep(backend) {
  await tf.setBackend(backend);
  const image = values([2, 9, 9, 3], 1);
  const labels = tf.oneHot(tf.tensor1d([1, 3], 'int32'), 5);
  const kernel = tf.variable(values([3, 3, 3, 4], 2));
  const dense = tf.variable(values([100, 5], 3));
  const logits = () => tf.matMul(tf.reshape(tf.relu(tf.conv2d(image, kernel, 2, 'same')), [2, 100]), dense);
  const loss = tf.train.sgd(0.1).minimize(() => tf.losses.softmaxCrossEntropy(labels, logits()), true);
  const best = tf.topk(logits(), 2);
  return [loss, kernel, dense, best.values, best.indices].flatMap((tensor) => [...tensor.dataSync()]);
}

/** GFLOPS of a 1024² matrix product, the best of eight. */
function speed() {
  const a = values([1024, 1024], 4);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const started = performance.now();
    tf.matMul(a, a).dataSync();
    best = Math.min(best, performance.now() - started);
  }
  return Math.round((2 * 1024 ** 3) / best / 1e5) / 10;
}

const native = await trainingStep('tensorflow');
const { binding, isUsingGpuDevice } = tf.backend();
const gflops = speed();
const plain = await trainingStep('cpu');
const largestError = native.reduce((largest, value, i) => Math.max(largest, Math.abs(value - plain[i])), 0);
// NVIDIA cards multiply in TF32 by default, with 10 bits of mantissa. Written so that NaN fails.
const tolerance = isUsingGpuDevice ? 5e-3 : 1e-5;
const ok = native.length === plain.length && largestError <= tolerance;
console.log(
  JSON.stringify({
    ok,
    node: process.versions.node,
    tensorflow: binding.TF_Version,
    device: isUsingGpuDevice ? 'gpu' : 'cpu',
    largestError,
    tolerance,
    gflops,
    ...(ok
      ? {}
      : { reason: `one training step differs from the cpu backend by ${largestError}, expected at most ${tolerance}` }),
  }),
);
