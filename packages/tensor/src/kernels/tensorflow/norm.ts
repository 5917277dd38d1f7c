import { areFloat, type Handle, type Named, nativeKernel, rowsOf, type Session } from './native.js';

// The contract of these kernels – names, inputs, attributes, outputs – is ../README.md.

/** The image that FusedBatchNorm wants: four axes. */
const image = (shape: readonly number[], rows: number, channels: number) =>
  shape.length === 4 ? shape : [1, 1, rows, channels];

const batchNormAttributes = (epsilon: number) => ({
  epsilon: { float: epsilon },
  data_format: 'NHWC',
  is_training: true,
});

export const batchNorm = nativeKernel<Named<'x' | 'gamma' | 'beta'>, { epsilon: number }>(
  'GssBatchNorm',
  ({ x, gamma, beta }, s, { epsilon }) => {
    if (!areFloat(x, gamma, beta)) return undefined;
    const [rows, channels] = rowsOf(x);
    const none = s.float(0, [0]);
    const inputs = [s.read(x, image(x.shape, rows, channels)), s.read(gamma), s.read(beta), none, none];
    const [y, mean, variance] = s.run('FusedBatchNormV3', inputs, 6, batchNormAttributes(epsilon));
    const biased = s.op('Mul', [variance!, s.float(Math.max(1, rows - 1) / rows)]); // TensorFlow's is unbiased
    return [s.give(y!, x.shape), s.give(mean!), s.give(biased)];
  },
);

/**
 * With running statistics to move on: TensorFlow does it on the way (with the unbiased variance, as PyTorch), and keeps the
 * batch's own for the gradient.
 */
export const batchNormRunning = nativeKernel<
  Named<'x' | 'gamma' | 'beta' | 'runningMean' | 'runningVariance'>,
  { epsilon: number; momentum: number }
>('GssBatchNormRunning', ({ x, gamma, beta, runningMean, runningVariance }, s, { epsilon, momentum }) => {
  if (!areFloat(x, gamma, beta, runningMean, runningVariance)) return undefined;
  const [rows, channels] = rowsOf(x);
  const old = [s.read(runningMean), s.read(runningVariance)];
  const inputs = [s.read(x, image(x.shape, rows, channels)), s.read(gamma), s.read(beta), ...old];
  const attributes = { ...batchNormAttributes(epsilon), exponential_avg_factor: { float: momentum } };
  const [y, nextMean, nextVariance, mean, variance] = s.run('FusedBatchNormV3', inputs, 6, attributes);
  return [s.give(y!, x.shape), ...[mean, variance, nextMean, nextVariance].map((made) => s.give(made!))];
});

/** A batch norm of the filter, over its outputs, with mean 0 and β 0; and one of nothing, which leaves the bias. */
export const foldBatchNorm = nativeKernel<
  Named<'filter' | 'gamma' | 'beta' | 'mean' | 'variance'>,
  { epsilon: number }
>('GssFoldBatchNorm', ({ filter, gamma, beta, mean, variance }, s, { epsilon }) => {
  if (!areFloat(filter, gamma, beta, mean, variance)) return undefined;
  const [, channels] = rowsOf(filter);
  const attributes = { ...batchNormAttributes(epsilon), is_training: false };
  const [scale, spread] = [s.read(gamma), s.read(variance)];
  const none = s.float(0, [channels]);
  const [folded] = s.run('FusedBatchNormV3', [s.read(filter), scale, none, none, spread], 6, attributes);
  const nothing = s.float(0, [1, 1, 1, channels]);
  const [bias] = s.run('FusedBatchNormV3', [nothing, scale, s.read(beta), s.read(mean), spread], 6, attributes);
  return [s.give(folded!), s.give(bias!, [channels])];
});

export const batchNormGrad = nativeKernel<Named<'dy' | 'x' | 'mean' | 'variance' | 'gamma'>, { epsilon: number }>(
  'GssBatchNormGrad',
  ({ dy, x, mean, variance, gamma }, s, { epsilon }) => {
    if (!areFloat(dy, x, mean, variance, gamma)) return undefined;
    const [rows, channels] = rowsOf(x);
    const shape = image(x.shape, rows, channels);
    // On the CPU the saved statistics are the mean and the biased variance themselves (cuDNN's are not: see register.ts).
    const statistics = [s.read(mean), s.read(variance), s.float(0, [0])];
    const inputs = [s.read(dy, shape), s.read(x, shape), s.read(gamma), ...statistics];
    const [dx, dGamma, dBeta] = s.run('FusedBatchNormGradV3', inputs, 5, batchNormAttributes(epsilon));
    return [s.give(dx!, x.shape), s.give(dGamma!), s.give(dBeta!)];
  },
);

/** x · γ + β of [rows, C] in one pass, as a batch norm with mean 0 and variance 1. cuDNN's refuses an ε of 0. */
function affine(s: Session, x: Handle, gamma: Handle, beta: Handle): Handle {
  const [rows, channels] = x.shape as [number, number];
  if (s.backend.isUsingGpuDevice || rows === 0) return s.op('AddV2', [s.op('Mul', [x, gamma]), beta]);
  const inputs = [s.reshape(x, [1, 1, rows, channels]), gamma, beta, s.float(0, [channels]), s.float(1, [channels])];
  const attributes = { epsilon: { float: 0 }, data_format: 'NHWC', is_training: false };
  return s.run('FusedBatchNormV3', inputs, 6, attributes)[0]!;
}

/** Mean over each row of [rows, C], [rows, 1]. */
const rowMeans = (s: Session, x: Handle) => s.op('Mean', [x, s.ints([1])], { keep_dims: true });

export const layerNorm = nativeKernel<Named<'x' | 'gamma' | 'beta'>, { epsilon: number }>(
  'GssLayerNorm',
  ({ x, gamma, beta }, s, { epsilon }) => {
    if (!areFloat(x, gamma, beta)) return undefined;
    const [rows, channels] = rowsOf(x);
    const flat = s.read(x, [rows, channels]);
    const mean = rowMeans(s, flat);
    const centred = s.op('Sub', [flat, mean]);
    const variance = rowMeans(s, s.op('Square', [centred]));
    const rstd = s.op('Rsqrt', [s.op('AddV2', [variance, s.float(epsilon)])]);
    const normal = s.op('Mul', [centred, rstd]);
    const y = affine(s, normal, s.read(gamma), s.read(beta));
    return [s.give(y, x.shape), s.give(mean, [rows]), s.give(rstd, [rows])];
  },
);

/**
 * With c = x − mean and r = rstd: dγ = Σ dy·c·r over rows, one product with r; dβ = Σ dy; and
 * dx = r·(dy·γ − mean(dy·γ)) − c·r³·mean(dy·c·γ), where the last mean is a product with γ / C.
 */
export const layerNormGrad = nativeKernel<Named<'dy' | 'x' | 'mean' | 'rstd' | 'gamma'>>(
  'GssLayerNormGrad',
  ({ dy, x, mean, rstd, gamma }, s) => {
    if (!areFloat(dy, x, mean, rstd, gamma)) return undefined;
    const [rows, channels] = rowsOf(x);
    const g = s.read(dy, [rows, channels]);
    const r = s.read(rstd, [rows, 1]);
    const centred = s.op('Sub', [s.read(x, [rows, channels]), s.read(mean, [rows, 1])]);
    const along = s.op('Mul', [g, centred]);
    const dGamma = s.batchMatMul(r, along, true);
    const dBeta = s.op('BiasAddGrad', [g]);
    const share = s.reshape(s.op('Mul', [s.read(gamma), s.float(1 / channels)]), [channels, 1]);
    const slope = s.op('Mul', [s.batchMatMul(along, share), s.op('Mul', [s.op('Square', [r]), r])]);
    const scaled = s.op('Mul', [g, s.read(gamma)]);
    const level = s.op('Mul', [s.op('Sub', [scaled, rowMeans(s, scaled)]), r]);
    const dx = s.op('Sub', [level, s.op('Mul', [centred, slope])]);
    return [s.give(dx, x.shape), s.give(dGamma, [channels]), s.give(dBeta)];
  },
);
