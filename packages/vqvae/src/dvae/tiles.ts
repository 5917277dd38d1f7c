import * as tf from '@tensorflow/tfjs-core';
import { blockReach, pass } from './blocks.js';
import { type DvaeConfig, dvaeDownsample, groupWidths, layersOf } from './config.js';
import { type DvaeDecoderParams, decoderGroup, decoderGroups, decoderOutput } from './decoder.js';
import {
  type DvaeEncoderParams,
  encoderGroup,
  encoderGroups,
  encoderInput,
  encoderOutput,
  halve,
  inputReach,
} from './encoder.js';

// Tiling by group. A map of the next finer group is the larger one, so each group divides what it was given only as far as
// its own maps demand: the coarse groups, whose halos cost most, run on large tiles, the fine ones on small tiles with a
// thin halo. Every tile sees all that its outputs depend on, so the result has no seams at all.

/** Positions [start, end) of one axis. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
/** Rows and columns. */
export type Region = readonly [rows: Span, columns: Span];
type Size = readonly [rows: number, columns: number];
type Four = readonly [number, number, number, number];

const lengthOf = ({ start, end }: Span): number => end - start;
const each = (region: Region, f: (span: Span, axis: 0 | 1) => Span): Region => [f(region[0], 0), f(region[1], 1)];
const whole = ([rows, columns]: Size): Region => [
  { start: 0, end: rows },
  { start: 0, end: columns },
];
const originOf = ([rows, columns]: Region): Size => [rows.start, columns.start];
const scaled = (region: Region, factor: number): Region =>
  each(region, ({ start, end }) => ({ start: start * factor, end: end * factor }));
const widened = (region: Region, halo: number, size: Size): Region =>
  each(region, ({ start, end }, axis) => ({ start: Math.max(0, start - halo), end: Math.min(size[axis], end + halo) }));

/** The part `to` of a map whose first row and column are `origin`. */
export function cut(x: tf.Tensor4D, [row, column]: Size, to: Region): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  if (lengthOf(to[0]) === H && lengthOf(to[1]) === W) return tf.clone(x); // costs nothing
  const begin: [number, number, number, number] = [0, to[0].start - row, to[1].start - column, 0];
  return tf.slice(x, begin, [B, lengthOf(to[0]), lengthOf(to[1]), C]);
}

/** A region in a grid of nearly equal parts whose sides are at most `side`, cut at multiples of `unit`. */
function grid([rows, columns]: Region, side: number, unit = 1): Region[][] {
  const parts = (span: Span): Span[] => {
    const count = Math.ceil(lengthOf(span) / Math.max(unit, side));
    const edge = (i: number) =>
      i === count ? span.end : span.start + unit * Math.round((i * lengthOf(span)) / (count * unit));
    return Array.from({ length: count }, (_, i) => ({ start: edge(i), end: edge(i + 1) }));
  };
  return parts(rows).map((row) => parts(columns).map((column): Region => [row, column]));
}

/** f of every part, laid side by side again. */
function mosaic<T extends tf.Tensor>(parts: readonly (readonly Region[])[], f: (part: Region) => T): T {
  const join = (tiles: T[], axis: number): T => {
    if (tiles.length === 1) return tiles[0]!;
    const joined = tf.concat(tiles, axis);
    tf.dispose(tiles);
    return joined as T;
  };
  const rows = parts.map((row) =>
    join(
      row.map((part) => tf.tidy(() => f(part))),
      2,
    ),
  );
  return join(rows, 1);
}

const reachOf = ({ blocksPerGroup }: DvaeConfig): number => blockReach * blocksPerGroup;

/**
 * Positions around a tile that each decoder group must see, in positions of that group, for the tile to come out exact: 3
 * for each of its blocks, and half of what the next one needs; even, where the group begins by doubling.
 * For the published model: 12, 12, 10, 6.
 */
export function decoderHalos(config: DvaeConfig): Four {
  const own = reachOf(config);
  const even = (halo: number) => halo + (halo % 2);
  const fourth = even(own);
  const third = even(own + fourth / 2);
  const second = even(own + third / 2);
  return [own + second / 2, second, third, fourth];
}

/** Where to tile: longest sides of the tiles that each group works on, halo not counted. */
export interface DvaeTiles {
  /** Of the decoder's groups 1 to 4, in tokens. */
  readonly decode: Four;
  /** Of the encoder's groups 1 to 4, in positions of that group; the first three are even. */
  readonly encode: Four;
  /** Images of a batch that are worked on together. */
  readonly batch: number;
}

/** Maps of a group's full width that live at its peak: input, identity and residual path, their sum, and one to spare. */
const mapsAlive = 5;

/**
 * The share of the memory for the group that works. The others hold one map each meanwhile, of at most a fifth of that:
 * 5/8 + 3 · 1/8 = 1.
 */
const share = 5 / 8;

/** The largest tiles that stay within `bytes`, if there are any. */
function tilesWithin(config: DvaeConfig, [height, width]: Size, bytes: number): DvaeTiles | undefined {
  const { hidden, vocabulary } = config;
  const own = reachOf(config);
  const halos = decoderHalos(config);
  const budget = bytes * share;
  let batch = Number.POSITIVE_INFINITY;
  /** Longest side of a tile of group i (of the encoder; the decoder's run the other way), whose positions take `floats` each. */
  const side = (i: number, halo: number, floats: number): number => {
    const [rows, columns] = [height / 2 ** i, width / 2 ** i];
    const images = Math.floor(budget / (4 * floats * rows * columns));
    batch = Math.min(batch, Math.max(1, images));
    return images >= 1 ? Math.max(rows, columns) : Math.floor(Math.sqrt(budget / (4 * floats))) - 2 * halo;
  };
  const floatsAt = (i: number) => mapsAlive * groupWidths[i]! * hidden;
  const encode = [0, 1, 2, 3].map((i) => {
    const logits = i === 3 ? 2 * groupWidths[3] * hidden + vocabulary : 0;
    const most = side(i, i === 0 ? own + inputReach : own, Math.max(floatsAt(i), logits));
    return i < 3 ? most - (most % 2) : most;
  });
  const decode = [0, 1, 2, 3].map((i) => Math.floor(side(3 - i, halos[i]!, floatsAt(3 - i)) / 2 ** i));
  if (Math.min(...encode) < 2 || Math.min(...decode) < 1) return undefined;
  return { decode: decode as unknown as Four, encode: encode as unknown as Four, batch };
}

/**
 * The tiles and batch with which encoding and decoding images of `size` pixels, sides in multiples of 8, keeps its maps within
 * `bytes`. Throws RangeError where no tile does: the message says how much is needed.
 */
export function dvaeTilesFor(config: DvaeConfig, size: Size, bytes: number): DvaeTiles {
  const tiles = tilesWithin(config, size, bytes);
  if (tiles) return tiles;
  if (!(bytes > 0)) throw new RangeError(`dvaeTokenizer: expected a positive number of bytes as memory, got ${bytes}.`);
  let enough = bytes;
  while (!tilesWithin(config, size, enough)) enough *= 1.25;
  const mib = (value: number) => Math.ceil(value / 2 ** 20);
  throw new RangeError(
    `dvaeTokenizer: ${bytes} bytes do not hold the maps of the smallest tile. Give it ${mib(enough)} MiB of memory or more.`,
  );
}

/**
 * `dvaeDecoder` in tiles: equal to the whole at every pixel. `embed(region)` gives the embedded codes of a region of the
 * [h, w] tokens, [B, rows, columns, init]; `finish` turns a tile of [B, ·, ·, 2 · channels] into what is kept (default:
 * itself). `tiles` are the longest sides for each group, in tokens (`dvaeTilesFor`).
 */
export function dvaeDecoderTiled(
  embed: (region: Region) => tf.Tensor4D,
  size: Size,
  p: DvaeDecoderParams,
  config: DvaeConfig,
  tiles: Four,
  finish: (decoded: tf.Tensor4D) => tf.Tensor4D = tf.clone,
): tf.Tensor4D {
  if (!tiles.every((tile) => Number.isInteger(tile) && tile >= 1)) {
    throw new RangeError(`dvaeDecoderTiled: expected tiles of 1 or more tokens, got ${tiles.join(', ')}.`);
  }
  const halos = decoderHalos(config);
  const layers = layersOf(config);
  const groups = decoderGroups(p);
  /** What group i works on for a tile of tokens. */
  const seen = (tile: Region, i: number): Region => {
    const scale = 2 ** i;
    return widened(scaled(tile, scale), halos[i]!, [size[0] * scale, size[1] * scale]);
  };
  /** The tile's pixels: groups i, i + 1, …, of an input that `input(tile)` cuts out. */
  const run = (tile: Region, i: number, input: (part: Region) => tf.Tensor4D): tf.Tensor4D =>
    mosaic(grid(tile, tiles[i]!), (part) => {
      const here = seen(part, i);
      const y = pass(input(part), (x) => decoderGroup(x, groups[i]!, { layers, doubled: i > 0 }));
      if (i === 3) {
        const pixels = pass(y, (x) => cut(x, originOf(here), scaled(part, dvaeDownsample)));
        return pass(
          pass(pixels, (x) => decoderOutput(x, p)),
          finish,
        );
      }
      return run(part, i + 1, (inner) => cut(y, originOf(here), scaled(seen(inner, i + 1), 1 / 2)));
    });
  return tf.tidy(() => run(whole(size), 0, (part) => embed(seen(part, 0))));
}

/**
 * `dvaeEncoder` in tiles: mapped image, [B, H, W, channels], H and W multiples of 8 → `finish` of the token logits
 * [B, ·, ·, vocabulary] of each tile (default: themselves). `tiles` are the longest sides for each group, in its positions.
 */
export function dvaeEncoderTiled<T extends tf.Tensor = tf.Tensor4D>(
  image: tf.Tensor4D,
  p: DvaeEncoderParams,
  config: DvaeConfig,
  tiles: Four,
  finish: (logits: tf.Tensor4D) => T,
): T {
  const [, H, W] = image.shape;
  if (H % dvaeDownsample || W % dvaeDownsample || !tiles.every((tile) => Number.isInteger(tile) && tile >= 1)) {
    throw new RangeError(
      `dvaeEncoderTiled: expected sides in multiples of ${dvaeDownsample} and tiles of 1 or more positions, got ${H} × ${W} in tiles of ${tiles.join(', ')}.`,
    );
  }
  const layers = layersOf(config);
  const groups = encoderGroups(p);
  const own = reachOf(config);
  const sizeAt = (i: number): Size => [H / 2 ** i, W / 2 ** i];
  const input = (region: Region): tf.Tensor4D => {
    const around = widened(region, inputReach, sizeAt(0));
    return pass(
      pass(cut(image, [0, 0], around), (x) => encoderInput(x, p)),
      (x) => cut(x, originOf(around), region),
    );
  };
  /** Group i on a region, each tile of it turned into what `keep` makes of it. */
  const run = <K extends tf.Tensor>(i: number, region: Region, keep: (x: tf.Tensor4D) => K): K =>
    mosaic(grid(region, tiles[i]!, i < 3 ? 2 : 1), (part) => {
      const here = widened(part, own, sizeAt(i));
      const x = i === 0 ? input(here) : run(i - 1, scaled(here, 2), halve);
      return pass(
        pass(encoderGroup(x, groups[i]!, layers), (y) => cut(y, originOf(here), part)),
        keep,
      );
    });
  return tf.tidy(() => run(3, whole(sizeAt(3)), (x) => pass(encoderOutput(x, p), finish)));
}
