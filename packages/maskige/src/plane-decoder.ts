import type { Colors } from './colors.js';
import { cellCount, cellOf, fillCells, partition } from './partition.js';
import { instantiateCodec, output } from './wasm.js';

/** Decodes a run of `count` neighbouring pixels. */
export type DecodeRun = (
  from: Uint8Array | Uint8ClampedArray,
  at: number,
  to: Uint8Array | Uint16Array,
  toAt: number,
  count: number,
  channels: number,
) => void;

const strip = 0x1000;
const limit = 0x8000;
const notBuilt = 0xffff;
const poolAt = 0xf6000;

/**
 * The fast decoder, for at most 256 colours and 8-bit labels: a cell of 4³ values nearly always has one or two candidates,
 * and a plane decides between two. Null without WebAssembly SIMD.
 */
export function planeDecoder(colors: Colors): DecodeRun | null {
  const { rgb, labels } = colors;
  const count = labels.length;
  const codec = instantiateCodec(24);
  if (!codec) return null;
  const { memory } = codec;
  // Addresses as in wasm/codec.wat.
  const bytes = new Uint8Array(memory);
  const classes = new Uint8Array(memory, 0x6000, 2 * limit);
  const planes = new Int16Array(memory, 0x16000, 4 * limit);
  const cells = new Uint16Array(memory, 0x56000, cellCount).fill(notBuilt);
  const lists = new Int32Array(memory, 0xd6000, limit);
  const pool = new Uint16Array(memory, poolAt, 0x40000);
  const planeOf = new Uint16Array(count * count).fill(notBuilt);
  let [planesUsed, listsUsed, poolUsed] = [0, 0, 0];

  /** The number of a list of candidates. List 0 has every colour: it serves when the room for lists is used up. */
  const list = (candidates: Uint16Array) => {
    if (listsUsed === limit - 1 || poolUsed + candidates.length >= pool.length) return limit;
    lists[listsUsed] = poolAt + 2 * poolUsed;
    pool[poolUsed] = candidates.length;
    pool.set(candidates, poolUsed + 1);
    poolUsed += candidates.length + 1;
    return limit + listsUsed++;
  };

  /** The number of the plane between two colours (or of one and the same): a on the side +. */
  const plane = (a: number, b: number) => {
    const pair = a * count + b;
    if (planeOf[pair] === notBuilt && planesUsed < limit) {
      let constant = 0;
      for (let c = 0; c < 3; c++) {
        const [p, q] = [rgb[3 * a + c]! - 128, rgb[3 * b + c]! - 128];
        planes[4 * planesUsed + c] = p - q;
        constant += p * p - q * q;
      }
      // a is nearest, ties included, where 2 x·(a − b) ≥ |a|² − |b|², and x·(a − b) is an integer.
      planes[4 * planesUsed + 3] = -Math.ceil(constant / 2);
      classes[2 * planesUsed] = labels[a]!;
      classes[2 * planesUsed + 1] = labels[b]!;
      planeOf[pair] = planesUsed++;
    }
    return planeOf[pair]!;
  };

  labels.forEach((label, k) => {
    bytes[0x5080 + k] = label;
    bytes.set(rgb.subarray(3 * k, 3 * k + 3), 0x5180 + 4 * k);
  });
  list(Uint16Array.from(labels.keys()));
  const settle = partition(colors, false, (cell, side, candidates, n) => {
    const entry = n > 2 ? notBuilt : plane(candidates[0]!, candidates[n - 1]!);
    fillCells(cells, cell, side, entry === notBuilt ? list(candidates.subarray(0, n)) : entry);
  });

  return (from, at, to, toAt, n, channels) => {
    for (let i = 0; i < 16; i++) bytes[0x5580 + i] = i % 4 === 3 ? 255 : (i >> 2) * channels + (i % 4);
    for (let done = 0; done < n; done += strip) {
      const length = Math.min(strip, n - done);
      const start = at + done * channels;
      // What follows in the last turn is left over from before; its labels are not copied out.
      bytes.set(from.subarray(start, start + length * channels));
      let reached = output;
      for (;;) {
        reached = codec.decode(reached, output + length, channels);
        if (reached >= output + length) break;
        for (let p = (reached - output) * channels, i = 0; i < 4; i++, p += channels) {
          const [r, g, b] = [bytes[p]!, bytes[p + 1]!, bytes[p + 2]!];
          if (cells[cellOf(r, g, b)] === notBuilt) settle(r, g, b);
        }
      }
      to.set(bytes.subarray(output, output + length), toAt + done);
    }
  };
}
