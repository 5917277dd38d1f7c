import { type FtwConfig, type FtwParams, ftw, ftwProjection, ftwSpec } from '@gss/posterior';
import { accuracy, crossEntropy, type PriorConfig, type PriorParams, prior, unlabelled } from '@gss/prior';
import {
  createRng,
  createTraining,
  discardStatistics,
  loadParams,
  resize,
  storedToFloat32,
  storedToInt32,
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

/** Arguments of GenerativeSegHeadFTW → ours. */
export const ftwConfigOf = (c: ReferenceTransition): FtwConfig => ({
  channels: c.post_seg_channel,
  hidden: 2 * c.post_seg_channel,
  heads: c.post_swin_num_head,
  window: c.post_swin_window_size,
  depth: c.post_swin_depth,
  classes: c.num_classes,
});

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
  const inverse = ftwConfigOf(golden.manifest.config);
  const spec = ftwSpec(inverse);
  const own = [...golden.params()].filter(([name]) => /^(projection|post_|cls_segmap)/.test(name));
  const fresh = (): FtwParams => loadParams('ftw', spec, new Map(own));
  const tokensOf = (training?: ReturnType<typeof createTraining>) =>
    tf.argMax(prior(features(), load(), config, training).tokenLogits, 3) as tf.Tensor3D;
  const training = createTraining(createRng(0));
  const tokens = tokensOf(training);
  const image = tokenizer.decode(tokens);
  const trained = ftw(image, fresh(), inverse, training);
  const evaluated = ftw(tokenizer.decode(tokensOf()), fresh(), inverse);
  const checks = [
    check(golden, 'output.train.tokens', tokens),
    check(golden, 'output.train.projected.every3', nchw(everyNth(ftwProjection(image, fresh(), training), 3))),
    check(golden, 'output.train.seg_logits.every3', nchw(everyNth(trained, 3))),
    check(golden, 'output.eval.seg_logits.every2', nchw(everyNth(evaluated, 2))),
    check(golden, 'output.eval.class_map', tf.argMax(evaluated, 3)),
  ];
  for (const name of golden.tensors.keys()) {
    const variant = /^output\.(\w+)\.loss_ce$/.exec(name)?.[1];
    if (!variant) continue;
    const labels = labelsOf(golden, `input.gt.${variant}`);
    const result = transitionLoss(trained, labels);
    checks.push(check(golden, name, result.loss), check(golden, `output.${variant}.total`, result.loss));
    checks.push(check(golden, `output.${variant}.acc_seg`, result.accuracy));
    const prefix = `grad.${variant}.`;
    const names = [...golden.tensors.keys()].filter((key) => key.startsWith(prefix));
    if (names.length === 0) continue;
    const { parameters } = await gradientsOf(spec, fresh(), [], (p) => {
      return transitionLoss(ftw(image, p, inverse, training), labels).loss;
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
