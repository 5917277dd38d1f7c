import { decode, encode, type Palette, type Rgb } from '@gss/maskige';
import {
  argmax,
  fitLeastSquares,
  leastSquares,
  linearDecode,
  linearEncode,
  type Matrix,
  squaredDistances,
} from '@gss/maskige/soft';
import { colourise, convInverse, convInverseSpec, hardGumbelSoftmax } from '@gss/posterior';
import { crossEntropy } from '@gss/prior';
import {
  createRng,
  createTraining,
  discardStatistics,
  loadParams,
  namedTensors,
  storedToFloat32,
  storedToInt32,
  type Tree,
} from '@gss/tensor';
import type { Golden } from '@gss/testing';
import { mapPixels } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { check, expectedValues, gradientsOf, nchw } from '../compare.js';
import type { Check, Family } from '../family.js';

const ignore = 255;

/** [B, C, H, W] → values of [B, H, W, C], a picture of B·H rows. */
function picture(golden: Golden, name: string) {
  const stored = golden.tensors.get(name)!;
  const [B, C, H, W] = stored.shape as [number, number, number, number];
  const from = stored.dtype.includes('F') ? storedToFloat32(stored) : storedToInt32(stored);
  const data = new Float64Array(B * H * W * C);
  const plane = H * W;
  for (let i = 0; i < data.length; i++) {
    const [pixel, c] = [Math.floor(i / C), i % C];
    const [b, p] = [Math.floor(pixel / plane), pixel % plane];
    data[i] = from[(b * C + c) * plane + p]!;
  }
  return { data, width: W, height: B * H, batch: B };
}

/** [B·H·W, C] row by row → values of [B, C, H, W]. */
function channelsFirst(rows: ArrayLike<number>, B: number, C: number): Float64Array {
  const plane = rows.length / B / C;
  return Float64Array.from({ length: rows.length }, (_, i) => {
    const [b, c, p] = [Math.floor(i / (C * plane)), Math.floor(i / plane) % C, i % plane];
    return rows[(b * plane + p) * C + c]!;
  });
}

function paletteOf(golden: Golden, name: string): Rgb[] {
  const values = expectedValues(golden, name);
  return Array.from(
    { length: values.length / 3 },
    (_, k): Rgb => [values[3 * k]!, values[3 * k + 1]!, values[3 * k + 2]!],
  );
}

interface Coding {
  readonly golden: Golden;
  readonly classes: Palette;
  /** The classes, then the colour of unlabelled pixels. */
  readonly all: Palette;
}

/** Labels that are no class: the reference clamps them to the unlabelled colour, ours are refused unless mapped before. */
const asUnlabelled = (labels: ArrayLike<number>, K: number) =>
  Uint8Array.from(labels, (label) => (label < K ? label : ignore));

function codeChecks({ golden, classes, all }: Coding): Check[] {
  const options = { ignore, ignoreColor: all.at(-1)!, force: true };
  const painted = (name: string) => {
    const { shape } = golden.tensors.get(name)!;
    const [B, , H, W] = shape as [number, number, number, number];
    const labels = asUnlabelled(expectedValues(golden, name), classes.length);
    return { batch: B, ...encode({ data: labels, width: W, height: B * H }, classes, options) };
  };
  const maskige = painted('input.mask');
  const scaled = golden.nhwc('output.maskige');
  return [
    check(golden, 'output.maskige', channelsFirst(maskige.data, maskige.batch, 3)),
    check(golden, 'labels.output', channelsFirst(painted('labels.input').data, 1, 3)),
    check(golden, 'output.mapped', nchw(mapPixels(tf.div(scaled, 255)))),
  ];
}

function nearestChecks({ golden, classes, all }: Coding): Check[] {
  const noisy = picture(golden, 'input.noisy_maskige');
  const distances = squaredDistances(noisy, classes, { force: true });
  const K = classes.length;
  const [, , h, w] = golden.tensors.get('output.sq_distance')!.shape as [number, number, number, number];
  const [H, W] = [noisy.height / noisy.batch, noisy.width];
  const [sy, sx] = [Math.ceil(H / h), Math.ceil(W / w)];
  const sparse = Float64Array.from({ length: noisy.batch * h * w * K }, (_, i) => {
    const [k, x, y, b] = [i % K, Math.floor(i / K) % w, Math.floor(i / K / w) % h, Math.floor(i / K / w / h)];
    return distances.data[((b * H + y * sy) * W + x * sx) * K + k]!;
  });
  return [
    check(golden, 'output.sq_distance', channelsFirst(sparse, noisy.batch, K)),
    check(golden, 'output.nearest', decode(noisy, classes, { force: true }).data),
    check(golden, 'output.nearest_with_ignore', decode(noisy, all, { force: true }).data),
    check(
      golden,
      'ties.output.nearest',
      decode(picture(golden, 'ties.input.rgb'), paletteOf(golden, 'ties.input.palette'), { force: true }).data,
    ),
  ];
}

/** Our arg max of each row, but the reference's where its class scores within 1e-4 of our best: a tie in float32. */
function argmaxUpToTies({ data, columns }: Matrix, expected: ArrayLike<number>): Uint16Array {
  return argmax({ data, columns, rows: expected.length }).map((best, i) => {
    const theirs = data[i * columns + expected[i]!] ?? Number.NEGATIVE_INFINITY;
    return data[i * columns + best]! - theirs < 1e-4 ? expected[i]! : best;
  });
}

function leastSquaresChecks({ golden, classes }: Coding): Check[] {
  const K = classes.length;
  const beta = { data: Float64Array.from(expectedValues(golden, 'lstsq.input.beta')), rows: K, columns: 3 };
  const gamma = leastSquares(beta);
  const noisy = picture(golden, 'input.noisy_maskige');
  const x = { data: noisy.data.map((v) => v / 255), rows: noisy.data.length / 3, columns: 3 };
  const labels = asUnlabelled(expectedValues(golden, 'input.mask'), K);
  const fitted = fitLeastSquares(x, { data: labels, width: noisy.width, height: noisy.height }, K, ignore);
  const scores = linearDecode(x, gamma);
  const [, , h, w] = golden.tensors.get('lstsq.output.scores')!.shape as [number, number, number, number];
  const map = tf.tensor4d(Float32Array.from(scores.data), [noisy.batch, noisy.height / noisy.batch, noisy.width, K]);
  const [, H, W] = map.shape;
  const strides = [1, Math.ceil(H / h), Math.ceil(W / w), 1];
  const sparse = tf.stridedSlice(map, [0, 0, 0, 0], map.shape, strides) as tf.Tensor4D;
  return [
    check(golden, 'lstsq.output.gamma', gamma.data),
    check(golden, 'lstsq.output.beta_gamma', linearEncode(beta, gamma).data),
    check(golden, 'lstsq.output.gamma_fitted_on_pixels', fitted.data),
    check(golden, 'lstsq.output.scores', nchw(sparse)),
    check(golden, 'lstsq.output.argmax', argmaxUpToTies(scores, expectedValues(golden, 'lstsq.output.argmax'))),
  ];
}

async function convInverseChecks({ golden, classes }: Coding): Promise<Check[]> {
  const config = { channels: golden.manifest.config.ft_channels as number, classes: classes.length };
  const spec = convInverseSpec(config);
  const load = () => loadParams('convInverse', spec, golden.params('ft.param.'));
  const image = () => tf.div(golden.nhwc('input.noisy_maskige'), 255) as tf.Tensor4D;
  const [B, , H, W] = golden.tensors.get('input.mask')!.shape as [number, number, number, number];
  const values = asUnlabelled(expectedValues(golden, 'input.mask'), classes.length);
  const labels = tf.tensor3d(Int32Array.from(values), [B, H, W], 'int32');
  const params = load();
  const training = createTraining(createRng(0));
  const logits = convInverse(image(), params, training);
  const buffers = namedTensors(params as Tree<tf.Tensor>);
  const updated = [...golden.params('ft.output.updated.').keys()].map((name) => {
    const next = training.statistics.get(buffers.get(name)!);
    if (!next) throw new Error(`${golden.name}: ${name} was not updated by the forward pass`);
    return check(golden, `ft.output.updated.${name}`, next);
  });
  const pass = createTraining(createRng(0));
  const { loss, parameters, inputs } = await gradientsOf(spec, load(), [image()], (p, [x]) =>
    crossEntropy(convInverse(x as tf.Tensor as tf.Tensor4D, p, pass), labels, ignore),
  );
  const checks = [
    check(golden, 'ft.output.eval_logits', nchw(convInverse(image(), params))),
    check(golden, 'ft.output.train_logits', nchw(logits)),
    check(golden, 'ft.output.train_loss', [loss]),
    ...updated,
    ...[...golden.params('ft.grad.').keys()].map((name) => {
      const parameter = parameters.get(name);
      return check(golden, `ft.grad.${name}`, parameter ? storedToFloat32(parameter) : nchw(inputs[0] as tf.Tensor4D));
    }),
  ];
  discardStatistics(training);
  discardStatistics(pass);
  return checks;
}

function gumbelChecks({ golden }: Coding): Check[] {
  const [logits, uniform, cotangent] = ['logits', 'uniform', 'cotangent'].map((name) =>
    golden.nhwc(`gumbel.input.${name}`),
  ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const beta = golden.tensor('gumbel.input.beta') as tf.Tensor2D;
  const options = { temperature: golden.manifest.config.gumbel_tau as number, noise: uniform };
  const loss = (l: tf.Tensor, b: tf.Tensor) =>
    tf.sum(tf.mul(colourise(hardGumbelSoftmax(l, options), b as tf.Tensor2D), cotangent));
  const { value, grads } = tf.valueAndGrads(loss)([logits, beta]);
  const hard = hardGumbelSoftmax(logits, options);
  return [
    check(golden, 'gumbel.output.hard', nchw(hard)),
    check(golden, 'gumbel.output.colour', nchw(colourise(hard, beta) as tf.Tensor4D)),
    check(golden, 'gumbel.output.loss', value),
    check(golden, 'gumbel.grad.logits', nchw(grads[0] as tf.Tensor4D)),
    check(golden, 'gumbel.grad.beta', grads[1]!),
  ];
}

export const family: Family = {
  prefix: 'posterior',
  async run(golden) {
    const all = paletteOf(golden, 'input.palette');
    const coding = { golden, all, classes: all.slice(0, golden.manifest.config.num_classes as number) };
    return [
      ...codeChecks(coding),
      ...nearestChecks(coding),
      ...leastSquaresChecks(coding),
      ...(await convInverseChecks(coding)),
      ...gumbelChecks(coding),
    ];
  },
};
