import { type FtwConfig, type FtwParams, ftw, ftwSpec } from '@gss/posterior';
import { accuracy, type PriorConfig, prior, priorLoss, priorSpec, unlabelled } from '@gss/prior';
import { resnet, resnetSpec, resnetTrains } from '@gss/resnet';
import { type MaskigeCodec, slide } from '@gss/segmenter';
import { swin, swinSpec, swinTrains } from '@gss/swin';
import {
  createRng,
  createTraining,
  frozen,
  loadParams,
  type ParamsOf,
  resize,
  type Spec,
  storedToInt32,
  type Training,
  type Tree,
  trainable,
  variablesOf,
  withStatistics,
} from '@gss/tensor';
import type { Golden } from '@gss/testing';
import { adamW, polySchedule, trainStep } from '@gss/train';
import { dvaeSpec, dvaeTokenizer, type Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { expectedValues, nchw } from '../compare.js';
import type { Check, Family } from '../family.js';
import { codecOf, headDvaeConfig, integers, labelMaps, priorConfigOf, tokenizerLabels } from './gss-head.js';
import { afterChecks, withoutNoise } from './gss-trained.js';
import { ftwConfigOf, transitionLoss } from './gss-transition.js';
import { resnetConfigOf } from './resnetv1c.js';
import { swinConfigOf } from './swin.js';

type Maps = readonly tf.Tensor4D[];
interface Backbone {
  readonly spec: Spec;
  readonly trains: (name: string) => boolean;
  readonly run: (x: tf.Tensor4D, params: unknown, training?: Training) => Maps;
}

/** The manifest's config of either backbone; `type` tells which. */
type BackboneJson = { readonly type: string } & (
  | Parameters<typeof swinConfigOf>[0]
  | Parameters<typeof resnetConfigOf>[0]
);

function backboneOf(json: BackboneJson): Backbone {
  if (json.type === 'SwinTransformer') {
    const config = swinConfigOf(json as Parameters<typeof swinConfigOf>[0]);
    const run: Backbone['run'] = (x, p, training) => swin(x, p as Parameters<typeof swin>[1], config, training);
    return { spec: swinSpec(config), trains: swinTrains(config), run };
  }
  const config = resnetConfigOf(json as Parameters<typeof resnetConfigOf>[0]);
  const run: Backbone['run'] = (x, p, training) => resnet(x, p as Parameters<typeof resnet>[1], config, training);
  return { spec: resnetSpec(config), trains: resnetTrains(config), run };
}

const headSpec = (config: PriorConfig, t: FtwConfig | undefined) => ({
  ...priorSpec(config),
  ...(t ? ftwSpec(t) : {}),
});
interface Params {
  readonly backbone: unknown;
  readonly decode_head: ParamsOf<ReturnType<typeof headSpec>>;
}

interface Model {
  readonly golden: Golden;
  readonly backbone: Backbone;
  readonly config: PriorConfig;
  /** 𝒳⁻¹ of FT-W; FF decodes by the nearest colour. */
  readonly transition: FtwConfig | undefined;
  readonly spec: Spec;
  readonly tokenizer: Tokenizer;
  readonly codec: MaskigeCodec;
}

function open(golden: Golden): Model {
  const { backbone: b, decode_head: head, d_vae, vocab_size } = golden.manifest.config;
  const backbone = backboneOf(b);
  const config = priorConfigOf(head, vocab_size);
  const dvae = headDvaeConfig(d_vae, vocab_size);
  const vae = loadParams('dvae', dvaeSpec(dvae), golden.params('param.decode_head.d_vae.'));
  const inverse = config.auxiliary === 'none' ? ftwConfigOf(head) : undefined;
  const spec = { backbone: backbone.spec, decode_head: headSpec(config, inverse) };
  return {
    golden,
    backbone,
    config,
    transition: inverse,
    spec,
    tokenizer: dvaeTokenizer(dvae, vae),
    codec: codecOf(head),
  };
}

const load = ({ golden, spec }: Model): Params => {
  const own = [...golden.params()].filter(([name]) => !name.startsWith('decode_head.d_vae.'));
  return loadParams('gss', spec, new Map(own)) as unknown as Params;
};

const tokensOf = (logits: tf.Tensor4D) => tf.argMax(logits, 3) as tf.Tensor3D;

/** Class scores of one window at its own size, as EncoderDecoder.encode_decode. */
function scoresOf(model: Model, params: Params, window: tf.Tensor4D, onTokens: (tokens: tf.Tensor3D) => void) {
  const maps = model.backbone.run(window, params.backbone);
  const tokens = tokensOf(prior(maps, params.decode_head, model.config).tokenLogits);
  onTokens(tokens);
  const image = model.tokenizer.decode(tokens);
  const scores = model.transition
    ? ftw(image, params.decode_head as unknown as FtwParams, model.transition)
    : (tf.cast(
        tf.oneHot(tf.cast(model.codec.classes(image), 'int32'), model.config.classes),
        'float32',
      ) as tf.Tensor4D);
  return resize(scores, [window.shape[1], window.shape[2]]);
}

/** Tokens of every window, probabilities at the original size, and the classes where they are clear. */
async function inferenceChecks(model: Model, params: Params, when: string): Promise<Check[]> {
  const { golden } = model;
  const { config, inference, margins } = golden.manifest;
  const [height, width] = inference.ori_shape as [number, number];
  const whole = golden.nhwc(inference.input.replace(/\[.*$/, ''));
  const image = tf.slice(whole, [0, 0, 0, 0], [1, -1, -1, -1]) as tf.Tensor4D;
  const tokens: tf.Tensor3D[] = [];
  const run = (window: tf.Tensor4D) => scoresOf(model, params, window, (t) => tokens.push(tf.keep(t)));
  const { mode, crop_size: crop, stride } = config.test_cfg;
  const scores = mode === 'slide' ? await slide(image, run, { crop, stride }) : run(image);
  const probabilities = tf.softmax(resize(scores, [height, width]));
  const name = (key: string) => `output.${when}.${key}`;
  const expected = expectedValues(golden, name('probabilities'));
  const classes = tf.argMax(probabilities, 3).dataSync();
  const predicted = expectedValues(golden, name('prediction'));
  const size = height * width;
  const clear = Array.from({ length: size }, (_, i) => {
    const ranked = Array.from({ length: model.config.classes }, (_, k) => expected[k * size + i]!).sort(
      (a, b) => b - a,
    );
    return ranked[0]! - ranked[1]! > 1e-4 ? i : -1;
  }).filter((i) => i >= 0);
  return [
    ...tokens.map((t, i) => integers(golden, name(`tokens.crop${i}`), t, margins[`${when}.tokens`])),
    { name: name('probabilities'), actual: nchw(probabilities), expected, atol: 1e-4, rtol: 0 },
    {
      name: name('prediction'),
      actual: clear.map((i) => classes[i]!),
      expected: clear.map((i) => predicted[i]!),
      exact: true,
    },
  ];
}

interface Pass {
  readonly loss: tf.Scalar;
  readonly logs: Record<string, tf.Tensor>;
}

/** Forward and loss of one training step. */
function pass(
  model: Model,
  params: Params,
  batch: number,
  training: Training,
  onTokens: (tokens: tf.Tensor3D) => void,
): Pass {
  const { golden, config, codec, tokenizer } = model;
  const output = prior(
    model.backbone.run(golden.nhwc(`input.image${batch}`), params.backbone, training),
    params.decode_head,
    config,
    training,
  );
  if (model.transition) {
    const stored = golden.tensors.get(`input.gt${batch}`)!;
    const [B, , H, W] = stored.shape as [number, number, number, number];
    const labels = tf.tensor3d(storedToInt32(stored), [B, H, W], 'int32');
    const image = tokenizer.decode(tokensOf(output.tokenLogits));
    const logits = ftw(image, params.decode_head as unknown as FtwParams, model.transition, training);
    const { loss, accuracy } = transitionLoss(logits, labels);
    return { loss, logs: { 'decode.loss_ce': loss, 'decode.acc_seg': accuracy } };
  }
  const [, h, w] = output.tokenLogits.shape;
  const labels = tokenizerLabels(labelMaps(golden, `input.gt${batch}`), [h, w]);
  const encode = (filled: tf.Tensor3D) => tokenizer.encode(codec.paint(filled));
  const loss = priorLoss(output, { labels, encode }, config);
  onTokens(loss.tokens);
  const pixels = resize(output.pixelLogits!, [8 * h, 8 * w]);
  return {
    loss: loss.total,
    logs: {
      'decode.loss_ce': loss.token,
      'decode.loss_ce_pixel': loss.pixel,
      'decode.acc_seg_indice': accuracy(output.tokenLogits, loss.tokens, config.vocabulary),
      'decode.acc_seg_aux': accuracy(pixels, labels, unlabelled),
    },
  };
}

/** The steps of `trace`, and the parameters after them. */
async function trainingChecks(model: Model, fresh: Params): Promise<{ checks: Check[]; params: Params }> {
  const { golden, spec, backbone } = model;
  const { optimiser, trace, margins } = golden.manifest;
  const { schedule } = optimiser;
  const rules = Object.entries(optimiser.paramwise.custom_keys as Record<string, { decay_mult: number }>);
  const optimizer = adamW({
    betas: optimiser.betas,
    eps: optimiser.eps,
    weightDecay: optimiser.weight_decay,
    rules: rules.map(([match, { decay_mult }]) => ({ match, decayMult: decay_mult })),
  });
  const rate = polySchedule({
    base: optimiser.lr,
    total: schedule.max_iters,
    power: schedule.power,
    min: schedule.min_lr,
    warmup: { kind: schedule.warmup, iterations: schedule.warmup_iters, ratio: schedule.warmup_ratio },
  });
  const trains = (name: string) =>
    name.startsWith('backbone.')
      ? backbone.trains(name.slice('backbone.'.length))
      : !model.transition || /^decode_head\.(projection|post_|cls_segmap)/.test(name);
  let params = trainable(spec, fresh, trains);
  const checks: Check[] = [];
  for (const [i, expected] of (trace as Record<string, number>[]).entries()) {
    const training = createTraining(createRng(i));
    const result = await trainStep({
      variables: variablesOf(params as unknown as Tree<tf.Tensor>),
      optimizer,
      learningRate: rate(i),
      loss: () =>
        pass(model, params, i % 2, training, (tokens) => {
          const name = `output.step${i}.token_target`;
          if (!golden.tensors.has(name)) return;
          checks.push(integers(golden, name, tokens, margins[`step${i}.aux_argmax`]));
        }),
    });
    params = withStatistics(params, training);
    const figures: Record<string, number> = {
      loss: result.loss,
      grad_norm: result.gradNorm,
      lr: rate(i),
      ...result.logs,
    };
    for (const [key, value] of Object.entries(figures)) {
      const bound = /acc_/.test(key) ? { atol: 0.5, rtol: 0 } : { atol: 1e-12, rtol: i === 0 ? 2e-4 : 2e-3 };
      checks.push({ name: `trace.${i}.${key}`, actual: [value], expected: [expected[key]!], ...bound });
    }
  }
  optimizer.dispose();
  const trained = frozen(params);
  return { checks: [...checks, ...(await afterChecks(model, trained as unknown as Tree<tf.Tensor>))], params: trained };
}

export const family: Family = {
  prefix: 'gss-e2e',
  async run(golden) {
    const model = open(golden);
    const initial = load(model);
    const before = await inferenceChecks(model, initial, 'initial');
    const { checks, params } = await trainingChecks(model, initial);
    const reproducible = await withoutNoise(model, params as unknown as Tree<tf.Tensor>);
    const after = await inferenceChecks(model, reproducible as unknown as Params, 'final');
    return [...before, ...checks, ...after];
  },
};
