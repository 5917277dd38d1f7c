/** Orthonormal cosine basis (DCT-II) of a d × d square, lowest frequencies first: row n holds the d² pixels of basis n. */
function cosineBasis(d: number): Float64Array[] {
  const wave = (k: number, x: number) => Math.sqrt((k ? 2 : 1) / d) * Math.cos((Math.PI * (2 * x + 1) * k) / (2 * d));
  const frequencies = Array.from({ length: d * d }, (_, i) => ({ u: i % d, v: Math.floor(i / d) }));
  frequencies.sort((a, b) => a.u ** 2 + a.v ** 2 - (b.u ** 2 + b.v ** 2) || a.v - b.v);
  return frequencies.map(({ u, v }) =>
    Float64Array.from({ length: d * d }, (_, i) => wave(u, i % d) * wave(v, Math.floor(i / d))),
  );
}

/**
 * Kernel [1, 1, d²·C, outputs] that maps a square in `spaceToDepth` order to its cosine coefficients, scaled so that an
 * even square of value 1 gives 1. Coefficients are ordered by frequency, then channel; outputs beyond d²·C stay 0.
 */
export function cosineAnalysis(d: number, C: number, outputs: number): Float32Array {
  const basis = cosineBasis(d);
  const inputs = d * d * C;
  const values = new Float32Array(inputs * outputs);
  for (let o = 0; o < Math.min(outputs, inputs); o++) {
    const [n, c] = [Math.floor(o / C), o % C];
    for (let pixel = 0; pixel < d * d; pixel++) values[(pixel * C + c) * outputs + o] = basis[n]![pixel]! / d;
  }
  return values;
}

/** The inverse on the coefficients that were kept: kernel [1, 1, inputs, d²·C]. */
export function cosineSynthesis(d: number, C: number, inputs: number): Float32Array {
  const basis = cosineBasis(d);
  const outputs = d * d * C;
  const values = new Float32Array(inputs * outputs);
  for (let i = 0; i < Math.min(inputs, outputs); i++) {
    const [n, c] = [Math.floor(i / C), i % C];
    for (let pixel = 0; pixel < d * d; pixel++) values[i * outputs + pixel * C + c] = basis[n]![pixel]! * d;
  }
  return values;
}
