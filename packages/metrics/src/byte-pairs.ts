export type Bytes = Uint8Array | Uint8ClampedArray;

/**
 * Adds to the joint histogram of two byte arrays: out[a << 8 | b] = pixels with these two ids. [N], [N] → [65536].
 *
 * Label maps come in runs, so eight pixels are tried as one: two 4-byte words of each map that repeat one byte are a
 * single addition. Otherwise the words are taken apart in registers. Measured on 2048×1024 in one process, Mpixel/s for
 * (street-like, fine, 10 % noise, random) maps: this 1660, 1010, 580, 790; four pixels as one 1230, 810, 490, 660; words
 * without runs 720, 560, 620, 650; four histograms filled in turn 690, 680, 490, 550; one byte at a time 370, 370, 380, 340.
 */
export function countBytePairs(out: Uint32Array, a: Bytes, b: Bytes): void {
  const A = words(a);
  const B = words(b);
  const even = A.length & ~1;
  for (let i = 0; i < even; i += 2) {
    const x = A[i]!;
    const y = B[i]!;
    const u = A[i + 1]!;
    const v = B[i + 1]!;
    // A word repeats one byte exactly when it equals itself moved by a byte, the lowest byte aside.
    if (((x ^ (x << 8)) | (y ^ (y << 8))) >>> 8 === 0 && ((x ^ u) | (y ^ v)) === 0) {
      const pair = ((x & 255) << 8) | (y & 255);
      out[pair] = out[pair]! + 8;
    } else {
      addWord(out, x, y);
      addWord(out, u, v);
    }
  }
  for (let i = even * 4; i < a.length; i++) increment(out, (a[i]! << 8) | b[i]!);
}

/** Four pixels: the bytes of x and y in order. */
function addWord(out: Uint32Array, x: number, y: number): void {
  increment(out, ((x << 8) & 0xff00) | (y & 255));
  increment(out, (x & 0xff00) | ((y >>> 8) & 255));
  increment(out, ((x >>> 8) & 0xff00) | ((y >>> 16) & 255));
  increment(out, ((x >>> 16) & 0xff00) | (y >>> 24));
}

function increment(out: Uint32Array, pair: number): void {
  out[pair] = out[pair]! + 1;
}

/** The whole words of an array; one that starts within a word is copied, which costs a tenth of the counting. */
function words(bytes: Bytes): Int32Array {
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(buffer, byteOffset, bytes.length >> 2);
}
