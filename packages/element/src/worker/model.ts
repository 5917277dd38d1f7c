import {
  countModel,
  createSegmenter,
  modelSpec,
  parseModelConfig,
  type Runtime,
  type Segmenter,
  scoresAreLogits,
  unpackWeights,
} from '@gss/segmenter';
import { disposeTree, loadParams, type StoredTensor, type Tree } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import type { ModelInfo } from '../engine/api.js';
import { CorruptWeightsError } from './errors.js';
import type { ModelFolder } from './folder.js';

/** A model on the device. */
export interface OpenModel {
  readonly info: ModelInfo;
  readonly segmenter: Segmenter;
  readonly runtime: Runtime;
  /** Scores × this are class logits: 1 of those that are, 1 / τ of colour distances. */
  readonly logitScale: number;
  dispose(): void;
}

/** τ of @gss/segmenter for scores that are squared colour distances. */
const colourTemperature = 0.05;

/** Bits that are all set in NaN and infinity, of the half formats. */
const exponents = { F16: 0x7c00, BF16: 0x7f80 } as const;

/** Refuses NaN and infinite weights, which a damaged file that still parses often has. */
function checkFinite(label: string, weights: ReadonlyMap<string, StoredTensor>): void {
  for (const [name, { dtype, data }] of weights) {
    let at = -1;
    if (dtype === 'F32' || dtype === 'F64') at = (data as Float32Array).findIndex((value) => !Number.isFinite(value));
    else if (dtype === 'F16' || dtype === 'BF16') {
      const mask = exponents[dtype];
      at = (data as Uint16Array).findIndex((bits) => (bits & mask) === mask);
    }
    if (at >= 0)
      throw new CorruptWeightsError(
        `${label}: value ${at} of ${name} is not a finite number: the weights are damaged. Load them again, or copy the model folder anew.`,
      );
  }
}

function inverseOf({ config }: Runtime): ModelInfo['inverse'] {
  if (config.kind === 'discriminative') return 'pixel head';
  return scoresAreLogits({ config }) && config.decoding !== 'marginal' ? 'learned' : 'fixed';
}

/**
 * Puts a model folder on the device.
 * @throws ModelConfigError, WeightsError, CorruptWeightsError for what does not fit; nothing stays on the device then.
 */
export function openModel({ label, config: text, weights, bytes, verified, cached }: ModelFolder): OpenModel {
  const config = parseModelConfig(text, `${label}/config.json`);
  if (config.classes.length > 255)
    throw new RangeError(
      `load: ${config.name} has ${config.classes.length} classes; the browser engine takes up to 255.`,
    );
  const file = `${label}/model.safetensors`;
  checkFinite(file, weights);
  const params = loadParams(file, modelSpec(config), unpackWeights(config.storage, weights, file));
  let segmenter: Segmenter;
  try {
    segmenter = createSegmenter(config, params, { release: true });
  } catch (error) {
    disposeTree(params as unknown as Tree<tf.Tensor>);
    throw error;
  }
  const { runtime } = segmenter;
  const { name, kind, classes, palette, unlabelled } = config;
  const tokens = { size: 4 * 2 ** config.prior.tokenLevel, vocabulary: runtime.tokenizer.vocabulary };
  return {
    info: {
      name,
      kind,
      classes,
      palette,
      unlabelled,
      ...(kind === 'generative' ? { tokens } : {}),
      inverse: inverseOf(runtime),
      parameters: countModel(config).total,
      bytes,
      verified,
      cached,
    },
    segmenter,
    runtime,
    logitScale: scoresAreLogits({ config }) ? 1 : 1 / colourTemperature,
    dispose: () => segmenter.dispose(),
  };
}
