import { beforeClassifier, classifyTokens, prior, tokenFeatures } from '@gss/prior';
import {
  backboneFeatures,
  createMaskigeCodec,
  forward,
  type GssModelConfig,
  labelScale,
  learnedInverse,
  modelSpec,
  networkSpec,
  openTokenizer,
} from '@gss/segmenter';
import { countParams } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { countParts, type PartName, partNames } from './parts.js';
import { type Shapes, withShapes } from './with-shapes.js';

/** What a part of a model costs. */
export interface PartCost {
  readonly parameters: number;
  /** Multiply-adds for one image, each counted once, as mmsegmentation's tool and the papers do. */
  readonly flops: number;
}

export interface Inspection {
  readonly parameters: number;
  /** Multiply-adds of segmenting one image, whole: all parts but those that only training runs. */
  readonly flops: number;
  readonly parts: Readonly<Partial<Record<PartName, PartCost>>>;
  /** Height and width of the image. */
  readonly size: readonly [number, number];
  /** The token map for it, and the codes to choose from; absent for a discriminative model. */
  readonly tokens?: { readonly height: number; readonly width: number; readonly vocabulary: number };
  readonly memory: {
    /** Bytes of the weights as float32. */
    readonly weights: number;
    /** Bytes of maps that are alive at once in the forward pass of one image. */
    readonly activations: number;
    /** Weights, their gradients and AdamW's two moments of what stage II trains, without maps. */
    readonly training: number;
  };
}

/** Parts that run only in training: what makes and fills the targets. */
const onlyTraining: readonly PartName[] = ['auxiliary head', 'tokenizer encoder'];

/** The head's own cost and its token or pixel map. */
function runHead(shapes: Shapes, config: GssModelConfig, params: ReturnType<typeof makeParams>, image: tf.Tensor4D) {
  const [maps, backbone] = shapes.cost(() => backboneFeatures(image, params.backbone, config.backbone));
  const head = params.decode_head;
  const [{ attended }, aggregation] = shapes.cost(() => tokenFeatures(maps, head, config.prior));
  const [logits, classifier] = shapes.cost(() => classifyTokens(beforeClassifier(attended, head), head.conv_seg));
  const [, all] = shapes.cost(() => prior(maps, head, config.prior));
  const pixel = all.multiplyAdds - aggregation.multiplyAdds - classifier.multiplyAdds;
  return { logits, flops: { backbone, aggregation, classifier }, pixel };
}

const makeParams = (shapes: Shapes, config: GssModelConfig) => shapes.params(modelSpec(config));

/** Multiply-adds of each part and the token map, for one image of a size. */
function countFlops(shapes: Shapes, config: GssModelConfig, size: readonly [number, number]) {
  const params = makeParams(shapes, config);
  const { tokenizer, codec } = openCoder(config, params);
  const generative = config.kind === 'generative';
  const scale = generative ? labelScale(tokenizer, config.prior) : 1;
  const square = generative && tokenizer.multiple ? tokenizer.multiple / scale : 1;
  const [H, W] = size.map((side) => Math.ceil(side / square) * square) as [number, number];
  const { logits, flops, pixel } = runHead(shapes, config, params, shapes.tensor<tf.Tensor4D>([1, H, W, 3]));
  const shared = { backbone: flops.backbone.multiplyAdds, aggregation: flops.aggregation.multiplyAdds };
  if (!generative) return { flops: { ...shared, head: pixel }, tokens: undefined };
  const [, h, w] = logits.shape;
  const [Ht, Wt] = [h * tokenizer.downsample, w * tokenizer.downsample];
  const context = tokenizer.needsContext ? shapes.tensor<tf.Tensor4D>([1, Ht, Wt, 3]) : undefined;
  const map = (height: number, width: number) => shapes.tensor<tf.Tensor4D>([1, height, width, codec.channels]);
  const [, encoder] = shapes.cost(() => tokenizer.encode(map(Math.round(H * scale), Math.round(W * scale)), context));
  const [, decoder] = shapes.cost(() => tokenizer.decode(shapes.tensor<tf.Tensor3D>([1, h, w], 'int32'), context));
  const marginal = shapes.tensor<tf.Tensor4D>([1, H, W, config.classes.length]);
  const sides = { photo: map(H, W), soft: map(H, W), marginal };
  const [, inverse] = shapes.cost(() => learnedInverse(map(H, W), params, config, sides) ?? codec.scores(map(H, W)));
  return {
    flops: {
      ...shared,
      head: flops.classifier.multiplyAdds,
      'auxiliary head': pixel,
      'tokenizer encoder': encoder.multiplyAdds,
      'tokenizer decoder': decoder.multiplyAdds,
      inverse: inverse.multiplyAdds,
    },
    tokens: { height: h, width: w, vocabulary: config.prior.vocabulary },
  };
}

/** Untiled: tiles overlap, and how many there are depends on the machine. */
const openCoder = (config: GssModelConfig, params: ReturnType<typeof makeParams>) => ({
  tokenizer: openTokenizer(config.tokenizer, params.tokenizer, {
    checkTokens: false,
    memory: Number.MAX_SAFE_INTEGER,
  }),
  codec: createMaskigeCodec(config, config.tokenizer.input),
});

const bytes = 4;

/**
 * Counts what a model is made of and what an image costs that the network sees at `size` (behind `inference.scale`), from shapes alone:
 * nothing is computed or loaded.
 */
export async function inspect(model: GssModelConfig, size: readonly [number, number]): Promise<Inspection> {
  const config: GssModelConfig = { ...model, inference: { mode: 'whole' } };
  const counts = countParts(config);
  const { flops, tokens } = await withShapes((shapes) => countFlops(shapes, config, size));
  const weights = bytes * countParams(modelSpec(config));
  const peak = await withShapes((shapes) => {
    const params = makeParams(shapes, config);
    const tokenizer = openTokenizer(config.tokenizer, params.tokenizer, { checkTokens: false });
    const codec = createMaskigeCodec(config, config.tokenizer.input);
    forward(shapes.tensor<tf.Tensor4D>([1, ...size, 3]), { config, params, tokenizer, codec });
    return shapes.peak();
  });
  const cost: Partial<Record<PartName, number>> = flops;
  const parts = partNames.flatMap((name) => {
    const part = { parameters: counts[name], flops: cost[name] ?? 0 };
    return part.parameters || part.flops ? [[name, part] as const] : [];
  });
  return {
    parameters: partNames.reduce((sum, name) => sum + counts[name], 0),
    flops: parts.reduce((sum, [name, part]) => (onlyTraining.includes(name) ? sum : sum + part.flops), 0),
    parts: Object.fromEntries(parts),
    size,
    ...(tokens ? { tokens } : {}),
    memory: { weights, activations: peak - weights, training: 4 * bytes * countParams(networkSpec(config)) },
  };
}

/** Whether only training runs a part. */
export const trainsOnly = (name: PartName): boolean => onlyTraining.includes(name);
