import { accuracy, crossEntropy, type PriorConfig, type PriorParams, prior, unlabelled } from '@gss/prior';
import { type SwinBlocksConfig, swinBlocks, swinBlocksSpec } from '@gss/swin';
import {
  batchNorm,
  batchNormSpec,
  conv,
  convNoBiasSpec,
  convSpec,
  createRng,
  createTraining,
  discardStatistics,
  layerNorm,
  layerNormSpec,
  loadParams,
  type ParamsOf,
  resize,
  storedToFloat32,
  storedToInt32,
  type Training,
} from '@gss/tensor';
import type { Golden } from '@gss/testing';
import type { Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { check, everyNth, gradientsOf, nchw } from '../compare.js';
import type { Check } from '../family.js';

export interface ReferenceTransition {
  readonly post_seg_channel: number;
  readonly post_swin_depth: number;
  readonly post_swin_num_head: number;
  readonly post_swin_window_size: number;
  readonly num_classes: number;
}

const blocksOf = (c: ReferenceTransition): SwinBlocksConfig => ({
  dim: c.post_seg_channel,
  hidden: 2 * c.post_seg_channel,
  heads: c.post_swin_num_head,
  window: c.post_swin_window_size,
  depth: c.post_swin_depth,
});

/** 𝒳⁻¹ of GSS-FT-W under the reference's names. */
export const transitionSpec = (c: ReferenceTransition) => ({
  projection: { conv: convNoBiasSpec(1, 3, c.post_seg_channel), bn: batchNormSpec(c.post_seg_channel) },
  post_transformer_block: swinBlocksSpec(blocksOf(c)),
  cls_segmap: { conv: convSpec(1, c.post_seg_channel, c.num_classes) },
  post_swin_ln: layerNormSpec(c.post_seg_channel),
});
export type TransitionParams = ParamsOf<ReturnType<typeof transitionSpec>>;

/** Image [B, H, W, 3] in [0, 1] → the projection and class logits [B, H, W, K]. */
export function transition(image: tf.Tensor4D, p: TransitionParams, c: ReferenceTransition, training?: Training) {
  const projected = tf.relu(batchNorm(conv(image, p.projection.conv), p.projection.bn, training));
  const blocks = swinBlocks(projected, p.post_transformer_block, blocksOf(c), training);
  return { projected, logits: conv(layerNorm(blocks, p.post_swin_ln), p.cls_segmap.conv) };
}

/** A fixture's labels [B, 1, H, W] as [B, H, W] int32. */
const labelsOf = (golden: Golden, name: string): tf.Tensor3D => {
  const stored = golden.tensors.get(name)!;
  const [B, , H, W] = stored.shape as [number, number, number, number];
  return tf.tensor3d(storedToInt32(stored), [B, H, W], 'int32');
};

/** Loss of class logits [B, H, W, K] against labels of another size. */
export function transitionLoss(logits: tf.Tensor4D, labels: tf.Tensor3D) {
  const sized = resize(logits, [labels.shape[1], labels.shape[2]]);
  return { loss: crossEntropy(sized, labels, unlabelled), accuracy: accuracy(sized, labels, unlabelled) };
}

interface Head {
  readonly config: PriorConfig;
  readonly tokenizer: Tokenizer;
  readonly load: () => PriorParams;
  readonly features: () => tf.Tensor4D[];
}

/** What FT-W adds to the prior: training on the maskiges of predicted tokens, its gradients, its inference. */
export async function transitionChecks(golden: Golden, { config, tokenizer, load, features }: Head): Promise<Check[]> {
  const c = golden.manifest.config as ReferenceTransition;
  const spec = transitionSpec(c);
  const own = [...golden.params()].filter(([name]) => /^(projection|post_|cls_segmap)/.test(name));
  const fresh = () => loadParams('transition', spec, new Map(own));
  const tokensOf = (training?: ReturnType<typeof createTraining>) =>
    tf.argMax(prior(features(), load(), config, training).tokenLogits, 3) as tf.Tensor3D;
  const training = createTraining(createRng(0));
  const tokens = tokensOf(training);
  const image = tokenizer.decode(tokens);
  const train = transition(image, fresh(), c, training);
  const evaluated = transition(tokenizer.decode(tokensOf()), fresh(), c);
  const checks = [
    check(golden, 'output.train.tokens', tokens),
    check(golden, 'output.train.projected.every3', nchw(everyNth(train.projected, 3))),
    check(golden, 'output.train.seg_logits.every3', nchw(everyNth(train.logits, 3))),
    check(golden, 'output.eval.seg_logits.every2', nchw(everyNth(evaluated.logits, 2))),
    check(golden, 'output.eval.class_map', tf.argMax(evaluated.logits, 3)),
  ];
  for (const name of golden.tensors.keys()) {
    const variant = /^output\.(\w+)\.loss_ce$/.exec(name)?.[1];
    if (!variant) continue;
    const labels = labelsOf(golden, `input.gt.${variant}`);
    const result = transitionLoss(train.logits, labels);
    checks.push(check(golden, name, result.loss), check(golden, `output.${variant}.total`, result.loss));
    checks.push(check(golden, `output.${variant}.acc_seg`, result.accuracy));
    const prefix = `grad.${variant}.`;
    const names = [...golden.tensors.keys()].filter((key) => key.startsWith(prefix));
    if (names.length === 0) continue;
    const { parameters } = await gradientsOf(spec, fresh(), [], (p) => {
      return transitionLoss(transition(image, p, c, training).logits, labels).loss;
    });
    for (const key of names) {
      const gradient = parameters.get(key.slice(prefix.length));
      if (!gradient) throw new Error(`${golden.name}: ${key} is no parameter of the transition`);
      checks.push(check(golden, key, storedToFloat32(gradient)));
    }
  }
  discardStatistics(training);
  return checks;
}
