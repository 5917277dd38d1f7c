// What backends are compared on: small seeded models of every family, their outputs as numbers. Used by tests and by bench/agreement.mjs.
import { efficientnetLite } from '@gss/efficientnet';
import { createRng, disposeTree, initParams, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { backboneVariants } from './backbone-variants.js';
import { type BackboneConfig, backboneChannels, backboneFeatures, backboneSpec } from './backbones.js';
import type { GssModelConfig } from './config.js';
import { normalize } from './forward.js';
import { modelSpec, network } from './model.js';
import { preset } from './presets/index.js';
import { createSegmenter } from './segmenter.js';

const stage = (channels: readonly number[]) => ({ modules: 1, blocks: channels.map(() => 1), channels });
const resnet50 = backboneVariants['resnet-50-d8'].config;

/** The smallest of each family; ResNet and HRNet with an eighth of the channels and one block a stage. */
const backbones = {
  'swin-nano': backboneVariants['swin-nano'],
  'resnet-d8, reduced': {
    type: 'resnet',
    config: { ...resnet50, channels: [32, 64, 128, 256], depths: [1, 1, 1, 1], stemChannels: 8 },
  },
  'hrnet, reduced': {
    type: 'hrnet',
    config: {
      channels: [6, 12, 24, 48],
      first: { blocks: 1, planes: 8 },
      stages: [stage([6, 12]), stage([6, 12, 24]), stage([6, 12, 24, 48])],
    },
  },
  'efficientnet, reduced': { type: 'efficientnet', config: efficientnetLite({ width: 0.5, depth: 0.5 }) },
} as const satisfies Record<string, BackboneConfig>;

function assembled(backbone: BackboneConfig): GssModelConfig {
  const { model } = preset('nano', { classes: 5 });
  return { ...model, backbone, prior: { ...model.prior, features: backboneChannels(backbone) } };
}
const of = (name: string) => preset(name, { classes: 5 }).model;

export const agreementModels: Readonly<Record<string, () => GssModelConfig>> = {
  nano: () => of('nano'),
  'nano-lite0': () => of('nano-lite0'),
  tiny: () => of('tiny'),
  'nano head on resnet-d8, reduced': () => assembled(backbones['resnet-d8, reduced']),
  'nano head on hrnet, reduced': () => assembled(backbones['hrnet, reduced']),
};
export const agreementCases: readonly string[] = [...Object.keys(backbones), ...Object.keys(agreementModels)];

/** What a case computes, read back. */
export interface Outcome {
  /** Feature maps or token logits, one after the other. */
  readonly values: Float32Array;
  readonly tokens?: Int32Array;
  readonly labels?: Uint8Array | Uint16Array;
}

const size = { height: 32, width: 40 };

function picture(): tf.Tensor4D {
  const rng = createRng(5);
  const pixels = Float32Array.from({ length: size.height * size.width * 3 }, () => rng.int(256));
  return tf.tensor4d(pixels, [1, size.height, size.width, 3]);
}

async function runBackbone(backbone: BackboneConfig): Promise<Outcome> {
  const params = initParams(backboneSpec(backbone), createRng(1));
  const maps = tf.tidy(() => {
    const image = tf.div(picture(), 128) as tf.Tensor4D;
    const all = backboneFeatures(image, params, backbone).map((map) => tf.reshape(map, [-1]));
    return tf.concat(all);
  });
  const values = (await maps.data()) as Float32Array;
  maps.dispose();
  disposeTree(params as Tree<tf.Tensor>);
  return { values };
}

async function runModel(config: GssModelConfig): Promise<Outcome> {
  const params = initParams(modelSpec(config), createRng(1));
  const segmenter = createSegmenter(config, params);
  const image = picture();
  const logits = tf.tidy(() => network(normalize(image, config), params, config).tokenLogits);
  const [prediction] = await segmenter.predict(image);
  const outcome = {
    values: (await logits.data()) as Float32Array,
    tokens: (await prediction!.tokens()).data,
    labels: (await prediction!.labels()).data,
  };
  prediction!.dispose();
  tf.dispose([image, logits]);
  segmenter.dispose();
  return outcome;
}

/** Runs a case on the current backend. */
export function runAgreement(name: string): Promise<Outcome> {
  const model = agreementModels[name];
  return model ? runModel(model()) : runBackbone(backbones[name as keyof typeof backbones]);
}

/** How far a backend's outcome lies from that of cpu. */
export interface Agreement {
  /** max |a − b| / max |b| */
  readonly error: number;
  /** Shares that are equal, in percent. */
  readonly tokens?: number;
  readonly labels?: number;
}

function equalShare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let equal = 0;
  for (let i = 0; i < b.length; i++) if (a[i] === b[i]) equal += 1;
  return (100 * equal) / b.length;
}

export function compareOutcomes(outcome: Outcome, reference: Outcome): Agreement {
  const { values, tokens, labels } = outcome;
  if (values.length !== reference.values.length) return { error: Number.POSITIVE_INFINITY };
  let [largest, error] = [0, 0];
  for (const [i, b] of reference.values.entries()) {
    largest = Math.max(largest, Math.abs(b));
    const difference = Math.abs(values[i]! - b);
    error = difference <= error ? error : Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return {
    error: error / largest,
    ...(tokens ? { tokens: equalShare(tokens, reference.tokens!) } : {}),
    ...(labels ? { labels: equalShare(labels, reference.labels!) } : {}),
  };
}
