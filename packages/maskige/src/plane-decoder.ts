import type { Colors } from './colors.js';
import { cellCount, fillCells, partition } from './partition.js';
import { codecKernels } from './wasm.js';

/** Decodes a run of `count` neighbouring pixels. */
export type DecodeRun = (
  from: Uint8Array | Uint8ClampedArray,
  at: number,
  to: Uint8Array | Uint16Array,
  toAt: number,
  count: number,
  channels: number,
) => void;

const strip = 4096;
const limit = 0x7fff;
const notBuilt = 0xffff;
// The memory's map, in bytes.
const input = 0;
const output = input + strip * 4 + 64;
const colorsAt = output + strip + 64;
const patternsAt = colorsAt + 256 * 4;
const classesAt = patternsAt + 64;
const planesAt = classesAt + 2 * (limit + 1);
const cellsAt = planesAt + 8 * (limit + 1);
const listsAt = cellsAt + 2 * cellCount;
const poolAt = 4 * (limit + 1);
const poolSize = 1 << 19;

/**
 * The fast decoder, for at most 256 colours and 8-bit labels: in a cell of 4³ values there are nearly always one or two
 * candidates, and a plane decides between two. Null without WebAssembly SIMD.
 */
export function planeDecoder(colors: Colors): DecodeRun | null {
  const instance = codecKernels(listsAt + poolAt + poolSize);
  if (!instance) return null;
  const { kernels, memory } = instance;
  const bytes = new Uint8Array(memory);
  const cells = new Uint16Array(memory, cellsAt, cellCount).fill(notBuilt);
  const settle = partition(colors, false, 1, settler(colors, memory, cells));
  colors.rgb.forEach((v, i) => {
    bytes[colorsAt + 4 * Math.floor(i / 3) + (i % 3)] = v;
  });
  colors.labels.forEach((label, k) => {
    bytes[colorsAt + 4 * k + 3] = label;
  });
  for (const channels of [3, 4]) {
    const pattern = Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? 255 : (i >> 2) * channels + (i % 4)));
    bytes.set(pattern, patternsAt + 16 * (channels - 3));
  }

  return (from, at, to, toAt, count, channels) => {
    const pattern = patternsAt + 16 * (channels - 3);
    for (let done = 0; done < count; done += strip) {
      const n = Math.min(strip, count - done);
      const start = at + done * channels;
      bytes.set(from.subarray(start, start + n * channels), input);
      bytes.fill(0, input + n * channels, input + (n + 3) * channels);
      let reached = output;
      for (;;) {
        const source = input + (reached - output) * channels;
        reached = kernels.decode(
          source,
          reached,
          output + n,
          pattern,
          4 * channels,
          cellsAt,
          planesAt,
          classesAt,
          colorsAt,
          listsAt,
        );
        if (reached >= output + n) break;
        for (let i = 0; i < 4; i++) {
          const p = input + (reached - output + i) * channels;
          const [r, g, b] = [bytes[p]!, bytes[p + 1]!, bytes[p + 2]!];
          if (cells[(r >> 2) * 4096 + (g >> 2) * 64 + (b >> 2)] === notBuilt) settle(r, g, b);
        }
      }
      to.set(bytes.subarray(output, output + n), toAt + done);
    }
  };
}

/** Writes a cell's candidates as a plane (one or two) or as a list (more). */
function settler({ count, rgb, labels }: Colors, memory: ArrayBuffer, cells: Uint16Array) {
  const classes = new Uint8Array(memory, classesAt, 2 * (limit + 1));
  const planes = new Int16Array(memory, planesAt, 4 * (limit + 1));
  const offsets = new Int32Array(memory, listsAt, limit + 1);
  const pool = new Uint16Array(memory, listsAt + poolAt, poolSize / 2);
  const numbers = new Uint16Array(count * count).fill(notBuilt);
  let planesUsed = 0;
  let listsUsed = 0;
  let poolUsed = 0;

  const list = (candidates: ArrayLike<number>, n: number) => {
    // List 0 has every colour: it serves when the room for lists is used up (palettes with hundreds of near colours).
    if (listsUsed === limit || poolUsed + n + 1 > pool.length) return 0x8000;
    offsets[listsUsed] = poolAt + 2 * poolUsed;
    pool[poolUsed] = n;
    for (let i = 0; i < n; i++) pool[poolUsed + 1 + i] = candidates[i]!;
    poolUsed += n + 1;
    return 0x8000 | listsUsed++;
  };
  list(
    Array.from({ length: count }, (_, k) => k),
    count,
  );

  const plane = (a: number, b: number) => {
    const known = numbers[a * count + b]!;
    if (known !== notBuilt || planesUsed > limit) return known;
    let constant = 0;
    for (let c = 0; c < 3; c++) {
      const [p, q] = [rgb[3 * a + c]! - 128, rgb[3 * b + c]! - 128];
      planes[4 * planesUsed + c] = p - q;
      constant += p * p - q * q;
    }
    // a is nearest, ties included, where 2 x·(a − b) ≥ |a|² − |b|²; x·(a − b) is an integer.
    planes[4 * planesUsed + 3] = -Math.ceil(constant / 2);
    classes[2 * planesUsed] = labels[a]!;
    classes[2 * planesUsed + 1] = labels[b]!;
    numbers[a * count + b] = planesUsed;
    return planesUsed++;
  };

  return (cell: number, side: number, candidates: Uint16Array, n: number) => {
    const entry = n > 2 ? notBuilt : plane(candidates[0]!, candidates[n - 1]!);
    fillCells(cells, cell, side, entry === notBuilt ? list(candidates, n) : entry);
  };
}
