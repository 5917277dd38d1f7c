/**
 * Joint histogram of two byte arrays of one length: out[a << 8 | b] = pixels with these two ids. [N], [N] → [65536].
 */
export function countBytePairs(a: Uint8Array | Uint8ClampedArray, b: Uint8Array | Uint8ClampedArray): Float64Array {
  const out = new Float64Array(65536);
  for (let i = 0; i < a.length; i++) out[(a[i]! << 8) | b[i]!]!++;
  return out;
}
