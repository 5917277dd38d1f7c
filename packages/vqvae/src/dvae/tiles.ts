import * as tf from '@tensorflow/tfjs-core';
import { blockReach } from './blocks.js';
import { type DvaeConfig, layersOf } from './config.js';
import { type DvaeDecoderParams, decoderGroup, decoderOutput, doubleSize } from './decoder.js';

/**
 * Positions around a tile that each decoder group must see, in positions of that group, for the tile to come out exact.
 * Group 4 reaches 3 per block; every group before it that, plus half of what the next one needs.
 * For the published model: 12, 11, 9, 6.
 */
export function decoderHalos({ blocksPerGroup }: DvaeConfig): [number, number, number, number] {
  const own = blockReach * blocksPerGroup;
  const third = own + Math.ceil(own / 2);
  const second = own + Math.ceil(third / 2);
  return [own + Math.ceil(second / 2), second, third, own];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The tile [start, end) in positions `scale` times finer, with its halo, inside [0, size · scale). */
const widen = ({ start, end }: Span, scale: number, halo: number, size: number): Span => ({
  start: Math.max(0, start * scale - halo),
  end: Math.min(size * scale, end * scale + halo),
});

function cut(x: tf.Tensor4D, from: readonly [Span, Span], to: readonly [Span, Span]): tf.Tensor4D {
  const [B, , , C] = x.shape;
  const begin = [0, to[0].start - from[0].start, to[1].start - from[1].start, 0];
  return tf.slice(x, begin as [number, number, number, number], [
    B,
    to[0].end - to[0].start,
    to[1].end - to[1].start,
    C,
  ]);
}

/** One tile: the halo shrinks from group to group, so that the fine maps carry hardly any. */
function decodeTile(
  embed: (rows: Span, columns: Span) => tf.Tensor4D,
  p: DvaeDecoderParams,
  config: DvaeConfig,
  tile: readonly [Span, Span],
  [h, w]: readonly [number, number],
): tf.Tensor4D {
  const halos = decoderHalos(config);
  const layers = layersOf(config);
  const { group_1, group_2, group_3, group_4 } = p.blocks;
  const region = (i: number) => {
    const scale = 2 ** i;
    return [widen(tile[0], scale, halos[i]!, h), widen(tile[1], scale, halos[i]!, w)] as const;
  };
  const doubled = ([rows, columns]: readonly [Span, Span]) =>
    [widen(rows, 2, 0, Number.POSITIVE_INFINITY), widen(columns, 2, 0, Number.POSITIVE_INFINITY)] as const;
  let here = region(0);
  let y = embed(here[0], here[1]);
  for (const [i, group] of [group_1, group_2, group_3, group_4].entries()) {
    const input = y;
    y = tf.tidy(() => {
      const next = i === 0 ? input : cut(doubleSize(input), doubled(here), region(i));
      return decoderGroup(next, group, layers);
    });
    input.dispose();
    here = region(i);
  }
  const output = tf.tidy(() => {
    const exact = [widen(tile[0], 8, 0, h), widen(tile[1], 8, 0, w)] as const;
    return decoderOutput(cut(y, here, exact), p);
  });
  y.dispose();
  return output;
}

/**
 * `dvaeDecoder` tile by tile: equal to the whole at every pixel, memory bounded by the tile. `embed(rows, columns)` gives
 * the embedded codes of that part, [B, rows, columns, init]; `finish` turns a tile of [B, ·, ·, 2 · channels] into what is
 * kept (default: itself). `tile` is a side in tokens; see `decodeTileFor`.
 */
export function dvaeDecoderTiled(
  embed: (rows: Span, columns: Span) => tf.Tensor4D,
  [h, w]: readonly [number, number],
  p: DvaeDecoderParams,
  config: DvaeConfig,
  tile: number,
  finish: (decoded: tf.Tensor4D) => tf.Tensor4D = tf.clone,
): tf.Tensor4D {
  if (!(Number.isInteger(tile) && tile >= 1)) {
    throw new RangeError(`dvaeDecoderTiled: expected a tile of 1 or more tokens, got ${tile}.`);
  }
  const spans = (size: number) =>
    Array.from({ length: Math.ceil(size / tile) }, (_, i) => ({
      start: i * tile,
      end: Math.min(size, (i + 1) * tile),
    }));
  return tf.tidy(() => {
    const rows = spans(h).map((row) => {
      const parts = spans(w).map((column) =>
        tf.tidy(() => finish(decodeTile(embed, p, config, [row, column], [h, w]))),
      );
      const joined = parts.length === 1 ? parts[0]! : tf.concat(parts, 2);
      if (parts.length > 1) tf.dispose(parts);
      return joined;
    });
    return rows.length === 1 ? rows[0]! : tf.concat(rows, 1);
  });
}

/**
 * The largest tile (in tokens) whose decoding stays within `bytes`, at least 4. The peak is in the last group: per pixel
 * its doubled input twice (as it is and rectified), the identity path, the residual path and their sum.
 */
export function decodeTileFor({ hidden, blocksPerGroup }: DvaeConfig, batch: number, bytes: number): number {
  const perPixel = 4 * hidden * (2 * 2 + 3);
  const side = Math.sqrt(bytes / (batch * perPixel)); // pixels along a tile with its halo
  return Math.max(4, Math.floor((side - 2 * blockReach * blocksPerGroup) / 8));
}
