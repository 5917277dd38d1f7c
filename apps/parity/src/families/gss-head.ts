import {
  accuracy,
  beforeClassifier,
  fillUnlabelled,
  type LabelMap,
  type PriorConfig,
  type PriorParams,
  prior,
  priorLoss,
  priorSpec,
  resizeLabels,
  tokenFeatures,
  tokenTargets,
  unlabelled,
} from '@gss/prior';
import { createMaskigeCodec, type MaskigeCodec } from '@gss/segmenter';
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
import {
  type DvaeConfig,
  dvaeDecoder,
  dvaeImage,
  dvaeSpec,
  dvaeTokenizer,
  embedTokens,
  type Tokenizer,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { check, everyNth, expectedValues, gradientsOf, nchw } from '../compare.js';
import type { Check, Family } from '../family.js';
import { transitionChecks } from './gss-transition.js';

export interface ReferenceHead {
  readonly class?: string;
  readonly type?: string;
  readonly in_channels: readonly number[];
  readonly in_index: readonly number[];
  readonly indice_channel_index: number;
  readonly pixel_channel_index: number;
  readonly channels: number;
  readonly indice_seg_channel: number;
  readonly indice_cls_channel: number;
  readonly swin_depth: number;
  readonly swin_num_head: number;
  readonly swin_window_size: number;
  readonly dropout_ratio: number;
  readonly num_classes: number;
  readonly palette: readonly (readonly [number, number, number])[];
}

/** Arguments of the reference's GenerativeSegHead classes → ours. */
export function priorConfigOf(c: ReferenceHead, vocabulary: number): PriorConfig {
  const features: number[] = [];
  for (const [i, level] of c.in_index.entries()) features[level] = c.in_channels[i]!;
  const kind = c.class ?? c.type ?? '';
  return {
    features,
    inIndex: c.in_index,
    tokenLevel: c.in_index[c.indice_channel_index]!,
    pixelLevel: c.in_index[c.pixel_channel_index]!,
    channels: c.channels,
    tokenChannels: c.indice_seg_channel,
    classifierChannels: c.indice_cls_channel,
    vocabulary,
    depth: c.swin_depth,
    heads: c.swin_num_head,
    window: c.swin_window_size,
    tokenDropout: c.dropout_ratio,
    classes: c.num_classes,
    auxiliary: /FTW/.test(kind) ? 'none' : /SingleFusion/.test(kind) ? 'shared' : 'separate',
  };
}

/** Arguments of the reference's small dVAE → ours. */
export const headDvaeConfig = (
  c: { n_hid: number; n_init: number; n_blk: number },
  vocabulary: number,
): DvaeConfig => ({
  channels: 3,
  hidden: c.n_hid,
  init: c.n_init,
  blocksPerGroup: c.n_blk,
  vocabulary,
});

/** The palette of a head, whose last colour is that of unlabelled pixels. */
export function codecOf({ palette, num_classes }: ReferenceHead): MaskigeCodec {
  return createMaskigeCodec({ palette: palette.slice(0, num_classes), unlabelled: palette[num_classes]! });
}

/** Label maps [B, 1, H, W] of a fixture. */
export function labelMaps(golden: Golden, name: string): LabelMap[] {
  const stored = golden.tensors.get(name)!;
  const [B, , height, width] = stored.shape as [number, number, number, number];
  const values = Uint8Array.from(storedToInt32(stored));
  const size = height * width;
  return Array.from({ length: B }, (_, b) => ({ data: values.slice(b * size, (b + 1) * size), width, height }));
}

/** The labels of a batch at the size the tokenizer reads, [B, 8h, 8w]. */
export function tokenizerLabels(maps: readonly LabelMap[], [h, w]: readonly [number, number]): tf.Tensor3D {
  const size = { width: 8 * w, height: 8 * h };
  const values = maps.flatMap((map) => [...resizeLabels(map, size).data]);
  return tf.tensor3d(values, [maps.length, size.height, size.width], 'int32');
}

/**
 * Integers that follow an arg max. Where the reference's best and second best lie closer than 1e-4, a thousandth of the
 * elements may differ: then the check is on their share.
 */
export function integers(golden: Golden, name: string, actual: tf.Tensor, margin: number | undefined): Check {
  if (margin === undefined || margin >= 1e-4) return check(golden, name, actual);
  const expected = expectedValues(golden, name);
  const values = actual.dataSync();
  let different = 0;
  for (let i = 0; i < expected.length; i++) if (values[i] !== expected[i]) different += 1;
  return {
    name: `${name} (share that differs)`,
    actual: [different / expected.length],
    expected: [0],
    atol: 1e-3,
    rtol: 0,
  };
}

interface Head {
  readonly golden: Golden;
  readonly config: PriorConfig;
  readonly dvae: DvaeConfig;
  readonly tokenizer: Tokenizer;
  readonly decoder: Parameters<typeof dvaeDecoder>[1];
  readonly codec: MaskigeCodec;
  readonly load: () => PriorParams;
  readonly features: () => tf.Tensor4D[];
}

function open(golden: Golden): Head {
  const c = golden.manifest.config;
  const config = priorConfigOf(c, c.vocab_size);
  const dvae = headDvaeConfig(c.d_vae, c.vocab_size);
  const vae = loadParams('dvae', dvaeSpec(dvae), golden.params('param.d_vae.'));
  const own = [...golden.params()].filter(([name]) => !/^(d_vae|projection|post_|cls_segmap)/.test(name));
  return {
    golden,
    config,
    dvae,
    tokenizer: dvaeTokenizer(dvae, vae),
    decoder: vae.decoder,
    codec: codecOf(c),
    load: () => loadParams('prior', priorSpec(config), new Map(own)),
    features: () => config.features.map((_, i) => golden.nhwc(`input.feature${i}`)),
  };
}

/** Maps of one pass in training, before the losses. */
function trainingMaps({ golden, config, load, features }: Head): Check[] {
  const params = load();
  const training = createTraining(createRng(0));
  const { fused, attended } = tokenFeatures(features(), params, config, training);
  const read = beforeClassifier(attended, params, training);
  discardStatistics(training);
  const { tokenLogits, pixelLogits } = prior(features(), params, config, training);
  discardStatistics(training);
  const checks = [
    check(golden, 'output.train.fused', nchw(fused)),
    check(golden, 'output.train.swin_ln_tokens', attended),
    check(golden, 'output.train.before_seg', nchw(read)),
    check(golden, 'output.train.token_logits', nchw(tokenLogits)),
  ];
  if (pixelLogits) checks.push(check(golden, 'output.train.pixel_logits', nchw(pixelLogits)));
  return checks;
}

/** Targets, losses and accuracies of one label map. */
function variantChecks({ golden, config, tokenizer, codec, load, features }: Head, variant: string): Check[] {
  const training = createTraining(createRng(0));
  const output = prior(features(), load(), config, training);
  discardStatistics(training);
  const [, h, w] = output.tokenLogits.shape;
  const labels = tokenizerLabels(labelMaps(golden, `input.gt.${variant}`), [h, w]);
  const encode = (filled: tf.Tensor3D) => tokenizer.encode(codec.paint(filled));
  const pixels = resize(output.pixelLogits!, [8 * h, 8 * w]);
  const filled = fillUnlabelled(labels, pixels, config.classes);
  const tokens = tokenTargets(labels, filled, config.vocabulary, encode);
  const loss = priorLoss(output, { labels, encode }, config);
  const { margins = {} } = golden.manifest;
  const name = (key: string) => `output.${variant}.${key}`;
  const guess = margins[`${variant}.aux_argmax`];
  const code = Math.min(guess ?? 1, margins[`${variant}.gt_tokens`] ?? 1);
  return [
    integers(golden, name('gt_resized'), labels, margins[`${variant}.gt_resize`]),
    integers(golden, name('mask_for_tokens'), filled, guess),
    // The reference masks this tensor in place after it was made, so it holds the targets.
    integers(golden, name('tokens_unmasked'), tokens, code),
    integers(golden, name('token_target'), loss.tokens, code),
    check(golden, name('loss_ce'), loss.token),
    check(golden, name('loss_ce_pixel'), loss.pixel),
    check(golden, name('total'), loss.total),
    check(golden, name('acc_seg_indice'), accuracy(output.tokenLogits, loss.tokens, config.vocabulary)),
    check(golden, name('acc_seg_aux'), accuracy(pixels, labels, unlabelled)),
  ];
}

/** Gradients of `total` with respect to parameters and features. */
async function gradientChecks(
  { golden, config, tokenizer, codec, load, features }: Head,
  variant: string,
): Promise<Check[]> {
  const prefix = `grad.${variant}.`;
  const names = [...golden.tensors.keys()].filter((name) => name.startsWith(prefix));
  if (names.length === 0) return [];
  const training = createTraining(createRng(0));
  const encode = (filled: tf.Tensor3D) => tokenizer.encode(codec.paint(filled));
  const { parameters, inputs } = await gradientsOf(priorSpec(config), load(), features(), (params, x) => {
    const output = prior(x as unknown as tf.Tensor4D[], params, config, training);
    const [, h, w] = output.tokenLogits.shape;
    const labels = tokenizerLabels(labelMaps(golden, `input.gt.${variant}`), [h, w]);
    return priorLoss(output, { labels, encode }, config).total;
  });
  discardStatistics(training);
  return names.map((name) => {
    const key = name.slice(prefix.length);
    const parameter = parameters.get(key);
    const level = /^feature(\d+)$/.exec(key)?.[1];
    if (!parameter && level === undefined) throw new Error(`${golden.name}: ${name} is no parameter of the prior`);
    return check(golden, name, parameter ? storedToFloat32(parameter) : nchw(inputs[Number(level)] as tf.Tensor4D));
  });
}

/** `NAME` or `NAME.everyN`, whichever the fixture holds. */
function sampled(golden: Golden, name: string, x: tf.Tensor4D): Check {
  const found = [...golden.tensors.keys()].find((key) => key === name || key.startsWith(`${name}.every`));
  if (!found) throw new Error(`golden fixture ${golden.name} has no tensor ${name}`);
  const n = Number(/\.every(\d+)$/.exec(found)?.[1] ?? 1);
  return check(golden, found, nchw(n === 1 ? x : everyNth(x, n)));
}

/** Generative inference of the features, down to classes. */
function inferenceChecks({ golden, config, dvae, decoder, codec, load, features }: Head): Check[] {
  const { tokenLogits } = prior(features(), load(), config);
  const tokens = tf.argMax(tokenLogits, 3) as tf.Tensor3D;
  const six = dvaeDecoder(embedTokens(tokens, decoder), decoder, dvae);
  const image = dvaeImage(six);
  const { margins = {} } = golden.manifest;
  const checks = [
    check(golden, 'output.eval.token_logits', nchw(tokenLogits)),
    integers(golden, 'output.eval.tokens', tokens, margins['eval.tokens']),
    sampled(golden, 'output.eval.decoder6', six),
    sampled(golden, 'output.eval.rgb', image),
  ];
  if (config.auxiliary === 'none') return checks; // FT-W has its own X⁻¹
  return [
    ...checks,
    integers(golden, 'output.eval.class_map', codec.classes(image), margins['eval.nearest_sq_distance']),
  ];
}

/** Labels → maskige → tokens → image → nearest colour. */
function reconstructionChecks({ golden, tokenizer, codec }: Head): Check[] {
  if (!golden.tensors.has('input.recon_mask')) return [];
  const maps = labelMaps(golden, 'input.recon_mask');
  const { width, height } = maps[0]!;
  const values = maps.flatMap(({ data }) => [...data]);
  const labels = tf.tensor3d(values, [maps.length, height, width], 'int32');
  const K = codec.colours.shape[0] - 1;
  const coded = tf.minimum(labels, tf.fill(labels.shape, K, 'int32')) as tf.Tensor3D; // 255 → unlabelled
  const maskige = codec.paint(coded);
  const tokens = tokenizer.encode(maskige);
  const image = tokenizer.decode(tokens);
  const { margins = {} } = golden.manifest;
  return [
    check(golden, 'output.recon.maskige', nchw(tf.round(tf.mul(maskige, 255)) as tf.Tensor4D)),
    integers(golden, 'output.recon.tokens', tokens, margins['recon.tokens']),
    sampled(golden, 'output.recon.rgb255', tf.mul(image, 255)),
    integers(golden, 'output.recon.class_map', codec.classes(image), margins['recon.nearest_sq_distance']),
  ];
}

export const family: Family = {
  prefix: 'gss-head',
  async run(golden) {
    const head = open(golden);
    const checks = [...trainingMaps(head), ...inferenceChecks(head)];
    if (head.config.auxiliary === 'none') return [...checks, ...(await transitionChecks(golden, head))];
    for (const name of golden.tensors.keys()) {
      const variant = /^output\.(\w+)\.loss_ce$/.exec(name)?.[1];
      if (variant) checks.push(...variantChecks(head, variant), ...(await gradientChecks(head, variant)));
    }
    return [...checks, ...reconstructionChecks(head)];
  },
};
