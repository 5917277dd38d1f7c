import { priorLoss, priorVariants } from '@gss/prior';
import { network, networkSpec } from '@gss/segmenter';
import { swinVariants } from '@gss/swin';
import { createRng, createTraining, initParams, trainable, variablesOf } from '@gss/tensor';
import { selectBackend } from '@gss/tensor/node';
import { adamW, trainStep } from '@gss/train';
import { compactLoss, compactSpec, compactTokenizer, compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';

const [backend = 'tensorflow', n = '10', mode = 'prior'] = process.argv.slice(2);
console.log((await selectBackend({ backend })).device);
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
const img = tf.randomNormal([B, S, S, 3]);
const labels = tf.randomUniform([B, S, S], 0, K, 'int32');
const colours = tf.randomUniform([K + 1, 3]);
const encode = (l) => tok.encode(tf.gather(colours, l));
const step = () => {
  const training = createTraining(createRng(3));
  return trainStep({
    loss: () => {
      const out = network(img, params, model, training);
      const { total, token, pixel } = priorLoss(out, { labels, encode }, model.prior, { pixelSize: 'map' });
      return { loss: total, logs: { token, pixel } };
    },
    variables: variablesOf(params),
    optimizer: opt,
    learningRate: 1e-3,
  });
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
await f();
await f();
const c0 = process.cpuUsage(),
  t0 = performance.now();
for (let i = 0; i < +n; i++) await f();
const c = process.cpuUsage(c0);
console.log(
  mode,
  'wall ms/step',
  ((performance.now() - t0) / n).toFixed(0),
  'cpu ms/step',
  ((c.user + c.system) / 1000 / n).toFixed(0),
);
if (process.argv[5]) {
  const prof = await tf.profile(async () => f());
  const by = {};
  for (const k of prof.kernels) {
    const e = (by[k.name] ??= { n: 0, ms: 0 });
    e.n++;
    e.ms += (await k.kernelTimeMs) || 0;
  }
  console.table(
    Object.fromEntries(
      Object.entries(by)
        .sort((a, b) => b[1].ms - a[1].ms)
        .slice(0, 25),
    ),
  );
}
