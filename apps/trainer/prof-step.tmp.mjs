import { priorLoss, priorVariants } from '@gss/prior';
import { network, networkSpec } from '@gss/segmenter';
import { swinVariants } from '@gss/swin';
import { createRng, createTraining, initParams, trainable, variablesOf } from '@gss/tensor';
import { selectBackend } from '@gss/tensor/node';
import { adamW, trainStep } from '@gss/train';
import { compactLoss, compactSpec, compactTokenizer, compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';

const [backend = 'tensorflow', n = '10', mode = 'prior', prof] = process.argv.slice(2);
await selectBackend({ backend });
const B = 8,
  S = 128,
  K = 13;
const bb = swinVariants.nano;
const model = {
  backbone: { type: 'swin', config: bb },
  prior: { ...priorVariants.nano, features: bb.channels, classes: K, vocabulary: 512 },
};
const spec = networkSpec(model);
const params = trainable(spec, initParams(spec, createRng(1)));
const tokc = compactVariants.nano;
const tokp = initParams(compactSpec(tokc), createRng(2));
const tok = compactTokenizer(tokc, tokp, { checkTokens: false });
const opt = adamW();
const img = tf.randomNormal([B, S, S, 3], 0, 1, 'float32', 3);
const labels = tf.tensor(
  Int32Array.from({ length: B * S * S }, (_, i) => (Math.floor(i / 7) + Math.floor(i / 1111)) % K),
  [B, S, S],
  'int32',
);
const colours = tf.randomUniform([K + 1, 3], 0, 1, 'float32', 5);
const encode = (l) => tok.encode(tf.gather(colours, l));
const step = async () => {
  const training = createTraining(createRng(3));
  const r = await trainStep({
    loss: () => {
      const out = network(img, params, model, training);
      const { total, token, pixel } = priorLoss(out, { labels, encode }, model.prior, { pixelSize: 'map' });
      return { loss: total, logs: { token, pixel } };
    },
    variables: variablesOf(params),
    optimizer: opt,
    learningRate: 1e-3,
    clipNorm: process.env.CLIP ? 1 : undefined,
  });
  tf.dispose([...training.statistics.values()]);
  return r;
};
const tparams = trainable(compactSpec(tokc), initParams(compactSpec(tokc), createRng(2)));
const topt = adamW();
const tstep = () =>
  trainStep({
    loss: () => {
      const { loss, parts } = compactLoss(tf.gather(colours, labels), tparams, tokc, { palette: colours });
      return { loss, logs: parts };
    },
    variables: variablesOf(tparams),
    optimizer: topt,
    learningRate: 1e-3,
  });
const f = mode === 'prior' ? step : tstep;
const clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const first = await f();
await f();
console.log('first', first.loss, first.gradNorm, JSON.stringify(first.logs));
let spent = new Map(),
  inside = 0,
  count = 0;
if (prof)
  for (const k of tf.getKernelsForBackend(backend)) {
    tf.unregisterKernel(k.kernelName, backend);
    tf.registerKernel({
      ...k,
      kernelFunc: (a) => {
        if (inside) return k.kernelFunc(a);
        inside++;
        const t = clock();
        try {
          return k.kernelFunc(a);
        } finally {
          inside--;
          const ms = clock() - t;
          count++;
          const shapes = Object.values(a.inputs)
            .flat()
            .slice(0, 3)
            .map((x) => `[${x?.shape}]`)
            .join(' ');
          const key = prof === '2' ? `${k.kernelName} ${shapes}` : k.kernelName;
          const r = spent.get(key) ?? { ms: 0, n: 0, worst: 0, shapes: '' };
          r.ms += ms;
          r.n++;
          if (ms > r.worst) {
            r.worst = ms;
            r.shapes = shapes;
          }
          spent.set(key, r);
        }
      },
    });
  }
if (prof) {
  await f();
  spent = new Map();
  count = 0;
}
const times = [],
  walls = [];
const c0 = clock();
let last;
const before = tf.memory().numTensors;
for (let i = 0; i < +n; i++) {
  const c = clock(),
    t = performance.now();
  last = await f();
  times.push(clock() - c);
  walls.push(performance.now() - t);
}
times.sort((a, b) => a - b);
walls.sort((a, b) => a - b);
console.log(
  `${backend} ${mode}: cpu ms/step median ${times[times.length >> 1].toFixed(0)} best ${times[0].toFixed(0)}; wall median ${walls[walls.length >> 1].toFixed(0)} best ${walls[0].toFixed(0)}; leak ${tf.memory().numTensors - before}; last ${last.loss}`,
);
if (prof) {
  let tot = 0;
  for (const r of spent.values()) tot += r.ms;
  console.log(`in kernels ${(tot / n).toFixed(0)} ms, ${count / n} kernels a step`);
  for (const [k, r] of [...spent].sort((a, b) => b[1].ms - a[1].ms).slice(0, +(process.env.TOP ?? 40)))
    console.log(
      `${(r.ms / n).toFixed(2).padStart(8)} ms ${String(r.n / n).padStart(5)} × ${k.padEnd(30)} worst ${r.worst.toFixed(2)} ${prof === '2' ? '' : r.shapes}`,
    );
}
