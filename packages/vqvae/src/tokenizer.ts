import { ShapeError, sizes } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A maskige tokenizer (§3.3): Ê: x → z and D: z → x̂. Every implementation pads images whose sides are not multiples of
 * `multiple` by repeating the last row and column, so h = ⌈H / downsample⌉ (of the padded height); `decode` returns
 * [h·downsample, w·downsample] and the caller cuts (`reconstruct` does). Inputs stay the caller's; only the returned tensor survives a call.
 */
export interface Tokenizer {
  /** Pixels a token covers along each side: 1/d of the paper. */
  readonly downsample: number;
  /** Number of codes; tokens are integers in [0, vocabulary). */
  readonly vocabulary: number;
  /** Sides are padded to multiples of it. Default `downsample`; UViM codes whole squares. */
  readonly multiple?: number;
  /** Whether all three need `context`, the photo that the image segments (UViM's side input). Default false. */
  readonly needsContext?: boolean;
  /**
   * Image, [B, H, W, C] in [0, 1], and its photo, [B, H, W, 3] in [0, 1] → tokens, [B, h, w] int32. C is 3 for maskiges, K
   * for the rows without a maskige.
   */
  encode(image: tf.Tensor4D, context?: tf.Tensor4D): tf.Tensor3D;
  /** Tokens, [B, h, w] int32 → image, [B, h·d, w·d, C] in [0, 1]. A photo smaller than that is padded as images are. */
  decode(tokens: tf.Tensor3D, context?: tf.Tensor4D): tf.Tensor4D;
  /** Token probabilities, [B, h, w, vocabulary] (sums of 1) → image: the decoder at the expected embedding, differentiable. */
  decodeProbabilities(probabilities: tf.Tensor4D, context?: tf.Tensor4D): tf.Tensor4D;
}

export interface TokenizerOptions {
  /**
   * Whether `decode` reads the tokens back to refuse those outside the vocabulary. Default true. Pass false where tokens
   * are known to be good and a read would stall the device (a GPU in the browser).
   */
  readonly checkTokens?: boolean;
  /**
   * Bytes that the maps of the dVAE may take while encoding or decoding. What needs more is done in tiles and in parts of the
   * batch, with the same result (`dvaeTilesFor`). Default 1 GiB; `freeMemory()` of @gss/tensor/node or /browser says what there
   * is. The other tokenizers have no tiles: theirs normalise or attend over the whole image, or are small.
   */
  readonly memory?: number;
}

/** Repeats the last row and column until both sides are multiples of `factor`: [B, H, W, C] → [B, H', W', C]. */
export function padToMultiple(image: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [B, H, W, C] = image.shape;
  const bottom = (factor - (H % factor)) % factor;
  const right = (factor - (W % factor)) % factor;
  return tf.tidy(() => {
    let padded = tf.clone(image);
    if (bottom) {
      const row = tf.slice(padded, [0, H - 1, 0, 0], [B, 1, W, C]);
      padded = tf.concat([padded, tf.tile(row, [1, bottom, 1, 1])], 1);
    }
    if (right) {
      const column = tf.slice(padded, [0, 0, W - 1, 0], [B, H + bottom, 1, C]);
      padded = tf.concat([padded, tf.tile(column, [1, 1, right, 1])], 2);
    }
    return padded;
  });
}

/** decode(encode(image)), cut to the image's size: [B, H, W, C] → [B, H, W, C]. `context` where the tokenizer needs it. */
export function reconstruct(tokenizer: Tokenizer, image: tf.Tensor4D, context?: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const decoded = tokenizer.decode(tokenizer.encode(image, context), context);
    return tf.slice(decoded, [0, 0, 0, 0], [...image.shape.slice(0, 3), decoded.shape[3]]);
  });
}

/** Throws ShapeError unless `image` is [B, H, W, channels] with no empty side. */
export function checkImage(who: string, image: tf.Tensor4D, channels: number): void {
  sizes(who, image, ['B', 'H', 'W', channels], 'Images are channels-last.');
  if (image.size === 0) throw new ShapeError(who, 'at least one pixel', image.shape);
}

/** Throws unless `tokens` is [B, h, w], and with `read` unless every token is an integer in [0, vocabulary). */
export function checkTokens(who: string, tokens: tf.Tensor3D, vocabulary: number, read: boolean): void {
  sizes(who, tokens, ['B', 'h', 'w'], 'For probabilities use decodeProbabilities.');
  if (tokens.dtype !== 'int32') throw new TypeError(`${who}: expected int32 tokens, got ${tokens.dtype}. Cast them.`);
  if (!read) return;
  const values = tokens.dataSync();
  for (let i = 0; i < values.length; i++) {
    const token = values[i]!;
    if (token < 0 || token >= vocabulary) {
      throw new RangeError(
        `${who}: expected tokens in [0, ${vocabulary}), got ${token} at position ${i}. Use tokens of this tokenizer only.`,
      );
    }
  }
}

/** Throws ShapeError unless `probabilities` is [B, h, w, vocabulary]. */
export function checkProbabilities(who: string, probabilities: tf.Tensor4D, vocabulary: number): void {
  sizes(who, probabilities, ['B', 'h', 'w', vocabulary], 'One probability per code in the last axis.');
}

/**
 * Rows of a table by token: [V, D], [B, h, w] → [B, h, w, D]. Equal to one-hot × table at a fraction of the memory. The
 * tokens are no input of the recorded operation, because tfjs refuses indices that came from a trained tensor.
 */
export function lookUp(table: tf.Tensor2D, tokens: tf.Tensor3D): tf.Tensor4D {
  const op = tf.customGrad((...args) => {
    const table = args[0] as unknown as tf.Tensor2D;
    const save = args[1] as unknown as tf.GradSaveFunc;
    save([tokens]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [V, D] = table.shape;
      return tf.unsortedSegmentSum(tf.reshape(dy, [-1, D]), tf.reshape(saved[0]!, [-1]) as tf.Tensor1D, V);
    };
    return { value: tf.gather<tf.Tensor>(table, tokens), gradFunc };
  });
  return tf.tidy(() => op(table) as tf.Tensor4D);
}

/** The expected row of a table: [V, D], [B, h, w, V] → [B, h, w, D]. */
export function expectedRow(table: tf.Tensor2D, probabilities: tf.Tensor4D): tf.Tensor4D {
  const [B, h, w, V] = probabilities.shape;
  return tf.tidy(() =>
    tf.reshape(tf.matMul(tf.reshape(probabilities, [-1, V]) as tf.Tensor2D, table), [B, h, w, table.shape[1]]),
  );
}
