import type { TensorInfo } from '@tensorflow/tfjs-core';
import { areFloat, type Handle, type Named, nativeKernel, type Session } from './native.js';

// The contract of these kernels – names, inputs, attributes, outputs – is ../README.md.

/** [groups] → [channels], each value for all channels of its group. */
function spread(s: Session, values: Handle, groups: number, channels: number): Handle {
  const shape = [groups, channels / groups];
  return s.reshape(s.op('BroadcastTo', [s.reshape(values, [groups, 1]), s.ints(shape)]), [channels]);
}

const meanOfGroups = (s: Session, values: Handle, groups: number, channels: number): Handle =>
  s.op('Mean', [s.reshape(values, [groups, channels / groups]), s.ints([1])]);

const batchNormAttributes = (epsilon: number, training: boolean) => ({
  epsilon: { float: epsilon },
  data_format: 'NHWC',
  is_training: training,
});

interface Normed {
  readonly y: Handle;
  readonly mean: Handle;
  readonly rstd: Handle;
}

/**
 * One sample, [1, H, W, C]. A reduction over pixels and some channels is slow in TensorFlow (four times a pass); the moments
 * of each channel, which batch norm gives in one operation, make those of the group: Var = E[Var_c] + E[(m_c − m)²].
 */
function normSample(s: Session, x: Handle, gamma: Handle, beta: Handle, groups: number, epsilon: number): Normed {
  const [, H, W, C] = x.shape as [number, number, number, number];
  const none = s.float(0, [0]);
  const [, means, unbiased] = s.run('FusedBatchNormV3', [x, gamma, beta, none, none], 6, batchNormAttributes(1, true));
  const variances = s.op('Mul', [unbiased!, s.float(Math.max(1, H * W - 1) / (H * W))]);
  const mean = meanOfGroups(s, means!, groups, C);
  const centres = spread(s, mean, groups, C);
  const between = s.op('SquaredDifference', [means!, centres]);
  const variance = meanOfGroups(s, s.op('AddV2', [variances, between]), groups, C);
  const statistics = [centres, spread(s, variance, groups, C)];
  const y = s.run('FusedBatchNormV3', [x, gamma, beta, ...statistics], 6, batchNormAttributes(epsilon, false))[0]!;
  return { y, mean, rstd: s.op('Rsqrt', [s.op('AddV2', [variance, s.float(epsilon)])]) };
}

/** [B, H, W, C] → B times [1, H, W, C] */
function samples(s: Session, x: TensorInfo): Handle[] {
  const [B, H, W, C] = x.shape as [number, number, number, number];
  const whole = s.read(x);
  if (B === 1) return [whole];
  const size = s.ints([1, H, W, C]);
  return Array.from({ length: B }, (_, b) => s.op('Slice', [whole, s.ints([b, 0, 0, 0]), size]));
}

const join = (s: Session, parts: readonly Handle[]): Handle =>
  parts.length === 1
    ? parts[0]!
    : s.op('ConcatV2', [...parts, s.int(0)], { N: parts.length, T: { type: parts[0]!.dtype } });

export const groupNorm = nativeKernel<Named<'x' | 'gamma' | 'beta'>, { groups: number; epsilon: number }>(
  'GssGroupNorm',
  ({ x, gamma, beta }, s, { groups, epsilon }) => {
    if (!areFloat(x, gamma, beta)) return undefined;
    const [g, b] = [s.read(gamma), s.read(beta)];
    const normed = samples(s, x).map((sample) => normSample(s, sample, g, b, groups, epsilon));
    const joined = (key: keyof Normed, shape: readonly number[]) =>
      s.give(
        join(
          s,
          normed.map((sample) => sample[key]),
        ),
        shape,
      );
    const rows = [normed.length, groups];
    return [joined('y', x.shape), joined('mean', rows), joined('rstd', rows)];
  },
);

/**
 * With c = x − mean and r = rstd of the group: dβ = Σ dy, dγ = Σ dy·c·r, and with n values in a group
 * dx = dy·γ·r − c·r³·Σ(γ·Σ dy·c)/n − r·Σ(γ·Σ dy)/n, the inner sums over pixels, the outer over the channels of the group.
 */
export const groupNormGrad = nativeKernel<Named<'dy' | 'x' | 'mean' | 'rstd' | 'gamma'>, { groups: number }>(
  'GssGroupNormGrad',
  ({ dy, x, mean, rstd, gamma }, s, { groups }) => {
    if (!areFloat(dy, x, mean, rstd, gamma)) return undefined;
    const [B, H, W, C] = x.shape as [number, number, number, number];
    const pixels = H * W;
    const flat = [B, pixels, C];
    const perGroup = [B, groups, 1];
    const perChannel = [B, 1, C];
    /** [B, groups, 1] → [B, 1, C] */
    const wide = (values: Handle) =>
      s.reshape(s.op('BroadcastTo', [values, s.ints([B, groups, C / groups])]), perChannel);
    const g = s.read(dy, flat);
    const r = s.read(rstd, perGroup);
    const centred = s.op('Sub', [s.read(x, flat), wide(s.read(mean, perGroup))]);
    const sums = (y: Handle) => s.op('Sum', [y, s.ints([1])]); // [B, C]
    const level = sums(g);
    const along = sums(s.op('Mul', [g, centred]));
    const ofGroup = (values: Handle) => {
      const weighted = s.reshape(s.op('Mul', [values, s.read(gamma)]), [B, groups, C / groups]);
      return s.op('Mul', [s.op('Sum', [weighted, s.ints([2])], { keep_dims: true }), s.float(groups / (C * pixels))]);
    };
    const cube = s.op('Mul', [s.op('Square', [r]), r]);
    const slope = wide(s.op('Mul', [cube, ofGroup(along)]));
    const offset = wide(s.op('Mul', [r, ofGroup(level)]));
    const scale = s.op('Mul', [wide(r), s.read(gamma)]);
    const fall = s.op('AddV2', [s.op('Mul', [centred, slope]), offset]);
    const dx = s.op('Sub', [s.op('Mul', [g, scale]), fall]);
    const rates = s.reshape(wide(r), [B, C]);
    const overBatch = (values: Handle) => s.op('Sum', [values, s.ints([0])]);
    return [s.give(dx, x.shape), s.give(overBatch(s.op('Mul', [along, rates]))), s.give(overBatch(level))];
  },
);
