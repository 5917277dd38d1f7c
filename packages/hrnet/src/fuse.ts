import { batchNormSpec, convBatchNorm, convNoBiasSpec, type ParamsOf, relu, resize, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

const kaiming = { type: 'kaimingNormal' } as const;

/** A convolution and its BatchNorm; the reference's Sequential may end in a ReLU, which has no parameters. */
export const convNormSpec = (size: number, inputs: number, outputs: number) =>
  [convNoBiasSpec(size, inputs, outputs, kaiming), batchNormSpec(outputs, { behind: 0 })] as const;
export type ConvNormParams = ParamsOf<ReturnType<typeof convNormSpec>>;

/** [B, H, W, inputs] → [B, ⌈H / stride⌉, ⌈W / stride⌉, outputs] */
export const convNorm = (
  x: tf.Tensor4D,
  [kernel, norm]: ConvNormParams,
  { stride = 1, activate = false }: { readonly stride?: number; readonly activate?: boolean },
  training?: Training,
): tf.Tensor4D =>
  convBatchNorm(x, kernel, norm, { stride, padding: (kernel.weight.shape[0] - 1) / 2, activate }, training);

/** From branch `from` up to `to` (1×1) or down to it (a chain of 3×3 of stride 2, the last one changing channels). */
function pathSpec(channels: readonly number[], to: number, from: number) {
  if (to === from) return undefined;
  if (from > to) return convNormSpec(1, channels[from]!, channels[to]!);
  const inputs = channels[from]!;
  return Array.from({ length: to - from }, (_, k) =>
    convNormSpec(3, inputs, k === to - from - 1 ? channels[to]! : inputs),
  );
}

/** fuse_layers.TO.FROM of a module with these branches. */
export const fuseSpec = (channels: readonly number[]) =>
  channels.map((_, to) => channels.map((_, from) => pathSpec(channels, to, from)));
export type FuseParams = ParamsOf<ReturnType<typeof fuseSpec>>;

/** Up: 1×1 and bilinear, first by the nominal factor, then to the exact size, as the reference does on odd maps. */
function up(x: tf.Tensor4D, p: ConvNormParams, factor: number, like: tf.Tensor4D, training?: Training): tf.Tensor4D {
  const y = convNorm(x, p, {}, training);
  const nominal = resize(y, [y.shape[1] * factor, y.shape[2] * factor]);
  return resize(nominal, [like.shape[1], like.shape[2]]);
}

function down(x: tf.Tensor4D, path: readonly ConvNormParams[], training?: Training): tf.Tensor4D {
  return path.reduce((y, p, k) => convNorm(y, p, { stride: 2, activate: k < path.length - 1 }, training), x);
}

/** Every branch takes the sum of all, brought to its size: maps finest first, [B, Hᵢ, Wᵢ, channels[i]] each. */
export function fuse(maps: readonly tf.Tensor4D[], params: FuseParams, training?: Training): tf.Tensor4D[] {
  return tf.tidy(() =>
    maps.map((like, to) => {
      const terms = maps.map((map, from) => {
        const p = params[to]![from];
        if (from === to || !p) return map;
        return from > to
          ? up(map, p as ConvNormParams, 2 ** (from - to), like, training)
          : down(map, p as readonly ConvNormParams[], training);
      });
      return relu(terms.reduce((sum, term) => tf.add(sum, term)));
    }),
  );
}
