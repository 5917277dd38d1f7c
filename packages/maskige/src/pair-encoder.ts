import type { Colors } from './colors.js';
import { instantiateCodec, output } from './wasm.js';

/** Encodes a run of `count` neighbouring pixels; false if one of the labels has no colour. */
export type EncodeRun = (
  from: Uint8Array | Uint16Array,
  at: number,
  to: Uint8Array | Uint8ClampedArray,
  toAt: number,
  count: number,
  channels: number,
) => boolean;

const strip = 0x4000;
// Address as in wasm/codec.wat.
const pairs = 0x15000;

/** The fast encoder for 8-bit labels: two labels a look-up. Null without WebAssembly SIMD. */
export function pairEncoder({ rgb, labels }: Colors, channels: number): EncodeRun | null {
  const codec = instantiateCodec(10);
  if (!codec) return null;
  const bytes = new Uint8Array(codec.memory);
  labels.forEach((first, a) => {
    labels.forEach((second, b) => {
      if (first > 255 || second > 255) return;
      const at = pairs + 8 * (first | (second << 8));
      // The last byte of a known pair is 255, and in RGBA the fourth too.
      bytes[at + 3] = bytes[at + 7] = 255;
      for (let c = 0; c < 3; c++) {
        bytes[at + c] = rgb[3 * a + c]!;
        bytes[at + channels + c] = rgb[3 * b + c]!;
      }
    });
  });

  return (from, at, to, toAt, n) => {
    for (let done = 0; done < n; done += strip) {
      const length = Math.min(strip, n - done);
      bytes.set(from.subarray(at + done, at + done + length), 0);
      bytes.fill(from[at + done]!, length, length + 8);
      if (codec.encode(length, 2 * channels) >> 56n !== -1n) return false;
      to.set(bytes.subarray(output, output + length * channels), toAt + done * channels);
    }
    return true;
  };
}
