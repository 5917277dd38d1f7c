import * as tf from '@tensorflow/tfjs-core';
import { fusedFoldBatchNorm, hasFused } from '../kernels/fused.js';
import { isLeaf, type NormPlace, type Spec, type Tree } from '../spec.js';
import type { ConvParams } from './conv.js';
import { type BatchNormParams, type FoldedNorm, isFolded } from './norm.js';

/**
 * A convolution's filter and the BatchNorm with running statistics behind it, as one convolution: γ/√(σ² + ε) · w and the bias
 * β − μ · γ/√(σ² + ε). The filter is [h, w, in, C], or [h, w, C, 1] of a depthwise one. Of a folded norm both are there already.
 */
export function foldNorm(
  filter: tf.Tensor4D,
  norm: BatchNormParams | FoldedNorm,
  eps: number,
): readonly [filter: tf.Tensor4D, bias: tf.Tensor1D] {
  if (isFolded(norm)) return [filter, norm.folded];
  const { weight: gamma, bias: beta, running_mean: mean, running_var: variance } = norm;
  const depthwise = filter.shape[3] !== gamma.shape[0];
  if (!depthwise && hasFused('GssFoldBatchNorm') && !tf.engine().isTapeOn())
    return fusedFoldBatchNorm({ filter, gamma, beta, mean, variance }, eps);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, eps)));
  const factor = depthwise ? tf.reshape(scale, [-1, 1]) : scale;
  return [tf.mul(filter, factor), tf.sub(beta, tf.mul(mean, scale)) as tf.Tensor1D];
}

/** Where the norm of a spec stands, if this is one that says so. */
function placeOf(spec: Spec | undefined): NormPlace | undefined {
  const weight = spec && !isLeaf(spec) ? (spec as { readonly weight?: Spec }).weight : undefined;
  return weight && isLeaf(weight) ? weight.norm : undefined;
}

function foldTree(spec: Spec | undefined, tree: Tree<tf.Tensor>, name: string): Tree<tf.Tensor> {
  if (tree instanceof tf.Tensor) return tf.clone(tree);
  const specs = (spec ?? {}) as Readonly<Record<string, Spec | undefined>>;
  const children = tree as Readonly<Record<string, Tree<tf.Tensor> | undefined>>;
  const made = new Map<string, Tree<tf.Tensor>>();
  for (const [key, child] of Object.entries(children)) {
    const place = placeOf(specs[key]);
    if (!place || !child || isFolded(child)) continue;
    const conv = children[place.behind] as unknown as ConvParams | undefined;
    if (!conv?.weight || conv.bias)
      throw new TypeError(
        `foldNorms: expected a convolution without bias at ${name}${place.behind}, before the norm ${name}${key}, got ${conv ? `parameters ${Object.keys(conv).join(', ')}` : 'nothing'}. Name it in batchNormSpec's \`behind\`.`,
      );
    const [weight, folded] = foldNorm(conv.weight, child as unknown as BatchNormParams, place.eps);
    made.set(`${place.behind}`, { weight });
    made.set(key, { folded });
  }
  const visit = (child: Tree<tf.Tensor> | undefined, key: string | number) =>
    child && (made.get(`${key}`) ?? foldTree(specs[key], child, `${name}${key}.`));
  if (Array.isArray(tree)) return tree.map(visit) as Tree<tf.Tensor>;
  return Object.fromEntries(Object.entries(children).map(([key, child]) => [key, visit(child, key)]));
}

/**
 * Parameters as inference wants them: every BatchNorm that stands right behind a convolution (`batchNormSpec`'s `behind`) has gone into that
 * one's filter and has one leaf left, `folded`, the bias. The forward functions take the result as they take `params`, without
 * `training`; `stateDict` does not, since γ, β and the statistics are no longer there. What is not folded is shared with `params`, which
 * stay as they are and the caller's, as the result is. Folded parameters stay as they are.
 */
export function foldNorms<P>(spec: Spec, params: P): P {
  return tf.tidy(() => foldTree(spec, params as Tree<tf.Tensor>, '') as tf.TensorContainer) as P;
}
