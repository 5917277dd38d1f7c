/** IEEE half precision → float32, exactly. */
export function decodeF16(half: Uint16Array): Float32Array {
  const out = new Float32Array(half.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < half.length; i++) {
    const h = half[i] as number;
    bits[i] = ((h & 0x8000) << 16) | ((h & 0x7fff) << 13);
    if ((h & 0x7c00) === 0x7c00) bits[i] = (bits[i] as number) | 0x7f800000;
    else out[i] = (out[i] as number) * 2 ** 112; // moves the exponent's bias from 15 to 127; exact for subnormals too
  }
  return out;
}

/** float32 → IEEE half precision, to the nearest, ties to even; beyond ±65520 becomes ±Infinity, NaN stays NaN. */
export function encodeF16(data: Float32Array): Uint16Array {
  const out = new Uint16Array(data.length);
  const scratch = new Float32Array(1);
  const scratchBits = new Uint32Array(scratch.buffer);
  for (let i = 0; i < data.length; i++) {
    scratch[0] = data[i] as number;
    const u = scratchBits[0] as number;
    const sign = (u >>> 16) & 0x8000;
    const magnitude = u & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00 | ((magnitude >>> 13) & 0x3ff);
    else if (magnitude >= 0x47800000) half = 0x7c00;
    else if (magnitude < 0x38800000) {
      // Below 2^-14 halves are multiples of 2^-24: doubles around 2^28 have just that spacing and round to even.
      half = (Math.abs(scratch[0] as number) + 2 ** 28 - 2 ** 28) * 2 ** 24;
    } else half = (magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13;
    out[i] = sign | half;
  }
  return out;
}

/** bfloat16 → float32, exactly. */
export function decodeBF16(half: Uint16Array): Float32Array {
  const out = new Float32Array(half.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < half.length; i++) bits[i] = (half[i] as number) << 16;
  return out;
}

/** float32 → bfloat16, to the nearest, ties to even; NaN stays NaN. */
export function encodeBF16(data: Float32Array): Uint16Array {
  const out = new Uint16Array(data.length);
  const scratch = new Float32Array(1);
  const scratchBits = new Uint32Array(scratch.buffer);
  for (let i = 0; i < data.length; i++) {
    scratch[0] = data[i] as number;
    const u = scratchBits[0] as number;
    out[i] = (u & 0x7fffffff) > 0x7f800000 ? (u >>> 16) | 0x40 : (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
  }
  return out;
}
