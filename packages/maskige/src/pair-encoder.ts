import type { Colors } from './colors.js';
import { codecKernels } from './wasm.js';

/** Encodes a run of `count` neighbouring pixels; false if one of the labels has no colour. */
export type EncodeRun = (
  from: Uint8Array | Uint16Array,
  at: number,
  to: Uint8Array | Uint8ClampedArray,
  toAt: number,
  count: number,
  channels: number,
) => boolean;

const strip = 16384;
const input = 0;
const output = strip + 64;
const patternsAt = output + 4 * strip + 64;
const pairsAt = patternsAt + 64;

/** The fast encoder for 8-bit labels: sixteen equal labels, or two of any, a look-up. Null without WebAssembly SIMD. */
export function pairEncoder(colors: Colors, channels: number): EncodeRun | null {
  const { count, rgb, labels } = colors;
  const byteLabels = labels.filter((label) => label < 256).length;
  const instance = codecKernels(pairsAt + 65536 * 8);
  if (!instance) return null;
  const { kernels, memory } = instance;
  const bytes = new Uint8Array(memory);
  bytes.set(
    Array.from({ length: 64 }, (_, i) => (channels === 4 ? i % 8 : i % 3)),
    patternsAt,
  );
  for (let a = 0; a < Math.min(count, byteLabels); a++) {
    for (let b = 0; b < byteLabels; b++) {
      const at = pairsAt + 8 * (labels[a]! | (labels[b]! << 8));
      for (let c = 0; c < 3; c++) {
        bytes[at + c] = rgb[3 * a + c]!;
        bytes[at + channels + c] = rgb[3 * b + c]!;
      }
      if (channels === 4) bytes[at + 3] = 255;
      bytes[at + 7] = 255; // alpha, or in RGB the mark of a known pair
    }
  }
  const marks = channels === 4 ? 0xff000000ff000000n : 0xff00000000000000n;

  return (from, at, to, toAt, n) => {
    for (let done = 0; done < n; done += strip) {
      const length = Math.min(strip, n - done);
      bytes.set(from.subarray(at + done, at + done + length) as Uint8Array, input);
      bytes.fill(from[at + done]!, input + length, input + length + 16);
      const all = kernels.encode(input, output, input + length, pairsAt, patternsAt, channels);
      if ((all & marks) !== marks) return false;
      to.set(bytes.subarray(output, output + length * channels), toAt + done * channels);
    }
    return true;
  };
}
