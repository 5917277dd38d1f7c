import { createHash } from 'node:crypto';
import { serializeSafetensors } from '@gss/checkpoint';
import type { LabelMap, TransformSpec } from '@gss/datasets';
import { whyNotFixed } from '@gss/datasets';
import { openTokenCache, type TokenCache, type TokenMap, type TokenRecipe } from '@gss/datasets/node';
import {
  type GssModelConfig,
  type GssTokenizerConfig,
  type MaskigeCodec,
  type TokenizerParams,
  tokenizerSpec,
} from '@gss/segmenter';
import { type Spec, stateDict, type Tree } from '@gss/tensor';
import type { Batch, BatchStream } from '@gss/train/node';
import type { Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { maskigeTensor, scaleLabels } from '../stages/batch.js';

const unlabelled = 255;

/** A tokenizer at work: what makes tokens of labels. */
export interface TokenCoder {
  readonly config: GssTokenizerConfig | GssModelConfig;
  readonly params: TokenizerParams;
  readonly tokenizer: Tokenizer;
  readonly codec: MaskigeCodec;
  /** How much larger than the picture its labels are coded (§3.4: a tokenizer coarser than the token map). */
  readonly scale: number;
}

/** A small label map of every class in blocks, with unlabelled ones between. */
function probe(classes: number): LabelMap {
  const side = 32;
  const data = Uint8Array.from({ length: side * side }, (_, i) => {
    const block = ((i >> 2) % (side / 4)) ^ (5 * Math.floor(i / (4 * side)));
    return block % 9 === 8 ? unlabelled : block % classes;
  });
  return { data, width: side, height: side };
}

/**
 * Everything besides the labels that their tokens depend on. Backends round differently, so each keeps its own tokens; and the
 * tokens of a probe tell apart versions of the code that paint or encode differently.
 */
export async function tokenRecipe(coder: TokenCoder): Promise<TokenRecipe> {
  const { config, params, scale } = coder;
  const weights = await stateDict(tokenizerSpec(config.tokenizer) as Spec, params as Tree<tf.Tensor>);
  const { tokenizer, palette } = config;
  const [probed] = await encodeMaps([probe(config.classes.length)], coder);
  return {
    tokenizer,
    weights: createHash('sha256').update(serializeSafetensors(weights)).digest('hex'),
    palette,
    scale,
    unlabelled: { label: unlabelled, filled: 'nearest', colour: config.unlabelled },
    probe: createHash('sha256').update(probed!.data).digest('hex'),
    backend: tf.getBackend(),
  };
}

type Labels = Pick<Batch, 'labels' | 'names' | 'width' | 'height'>;

/** 𝒳 and Ê of a batch's labels → tokens [B, h, w] int32; unlabelled pixels take the nearest label. */
export function encodeLabels(
  batch: Labels,
  { config, tokenizer, codec, scale }: TokenCoder,
  context?: tf.Tensor4D,
): tf.Tensor3D {
  const scaled = scaleLabels({ images: new Uint8Array(), ...batch }, scale);
  return tf.tidy(() => tokenizer.encode(maskigeTensor(scaled, codec, config.classes.length), context));
}

/** The tokens of a batch's labels, one map a sample. */
async function encodeBatch(batch: Labels, coder: TokenCoder): Promise<TokenMap[]> {
  const tokens = encodeLabels(batch, coder);
  const [, height, width] = tokens.shape;
  const data = (await tokens.data()) as Int32Array;
  tokens.dispose();
  const count = height * width;
  return batch.names.map((_, i) => ({ data: data.slice(i * count, (i + 1) * count), width, height }));
}

/** The tokens of label maps of one size. */
export function encodeMaps(maps: readonly LabelMap[], coder: TokenCoder): Promise<TokenMap[]> {
  const { width, height } = maps[0]!;
  const labels = new Uint8Array(maps.length * width * height);
  for (const [i, { data }] of maps.entries()) labels.set(data, i * width * height);
  return encodeBatch({ labels, names: maps.map((_, i) => String(i)), width, height }, coder);
}

/** Why the tokens of a training cannot be kept, or undefined where they can. */
export function whyNotCached(
  coder: TokenCoder,
  pipeline: readonly TransformSpec[],
  size: { readonly width: number; readonly height: number },
): string | undefined {
  if (coder.tokenizer.needsContext) return 'the tokens of this tokenizer depend on the photo, not on the labels alone';
  return whyNotFixed(pipeline, size);
}

/** Opens the tokens that this coder made, in a folder of caches. */
export const openTokens = async (folder: string, coder: TokenCoder): Promise<TokenCache> =>
  openTokenCache(folder, await tokenRecipe(coder));

/** Training batches and the tokens that belong to them. */
export interface CachedTokens {
  /** The stream with the tokens of each batch looked up, or computed and kept, before the step. */
  readonly wrap: (stream: BatchStream<Batch>) => BatchStream<Batch>;
  /** Tokens of a batch of the stream, [B, h, w] int32. Undefined where unlabelled pixels are yet to be filled by the network. */
  readonly of: (batch: Batch) => tf.Tensor3D | undefined;
  /** How many samples' tokens came from where, for people. */
  readonly summary: string;
}

/**
 * Tokens from the cache instead of the encoder. With `filled` the network's own head paints unlabelled pixels (§3.4): batches
 * that have any are left to the caller, because their tokens change with every step.
 */
export function cachedTokens(cache: TokenCache, coder: TokenCoder, { filled }: { filled: boolean }): CachedTokens {
  const found = new WeakMap<Batch, readonly TokenMap[]>();
  let [hits, misses, left] = [0, 0, 0];
  const lookUp = async (batch: Batch) => {
    if (filled && batch.labels.includes(unlabelled)) {
      left += batch.names.length;
      return;
    }
    const { names, labels, width, height } = batch;
    const pixels = width * height;
    const maps = names.map((_, i) => ({ data: labels.subarray(i * pixels, (i + 1) * pixels), width, height }));
    const keys = maps.map(cache.key);
    const kept = await Promise.all(keys.map(cache.get));
    const missing = kept.flatMap((tokens, i) => (tokens ? [] : [i]));
    hits += names.length - missing.length;
    misses += missing.length;
    // The whole batch is encoded even where some are there: the same arithmetic as without a cache.
    const tokens = missing.length ? await encodeBatch(batch, coder) : (kept as TokenMap[]);
    await Promise.all(missing.map((i) => cache.put(keys[i]!, tokens[i]!)));
    found.set(batch, tokens);
  };
  return {
    wrap: (stream) => ({
      async next() {
        const batch = await stream.next();
        await lookUp(batch);
        return batch;
      },
      get waited() {
        return stream.waited ?? 0;
      },
      get unreadable() {
        return stream.unreadable ?? 0;
      },
      close: () => stream.close(),
    }),
    of(batch) {
      const tokens = found.get(batch);
      if (!tokens) return undefined;
      const { width, height } = tokens[0]!;
      const joined = new Int32Array(tokens.length * width * height);
      for (const [i, { data }] of tokens.entries()) joined.set(data, i * width * height);
      return tf.tensor3d(joined, [tokens.length, height, width], 'int32');
    },
    get summary() {
      const filling = `, ${left} encoded at every step because the network fills their unlabelled pixels (prior.fillUnlabelled=nearest avoids it)`;
      return `tokens: ${hits} from the cache, ${misses} encoded and kept${left ? filling : ''}`;
    },
  };
}
