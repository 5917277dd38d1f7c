import { type StoredTensor, storedToFloat32 } from '@gss/tensor';

/** Weights of the four taps around position t ∈ [0, 1) of Keys' cubic with a = −0.75, as PyTorch's bicubic uses. */
function cubicWeights(t: number): readonly [number, number, number, number] {
  const a = -0.75;
  const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/** One axis of a bicubic resize as taps: for each output, four clamped inputs and their weights. */
function cubicTaps(from: number, to: number) {
  return Array.from({ length: to }, (_, o) => {
    const at = ((o + 0.5) * from) / to - 0.5;
    const low = Math.floor(at);
    return cubicWeights(at - low).map((weight, k) => ({
      weight,
      index: Math.min(from - 1, Math.max(0, low - 1 + k)),
    }));
  });
}

/**
 * Resizes a relative position bias table [(2m − 1)², heads] to [(2n − 1)², heads] bicubically, as mmsegmentation does
 * when weights were trained with windows of another size.
 */
export function resizePositionTable(table: StoredTensor, length: number): StoredTensor {
  const [rows, heads] = table.shape as [number, number];
  const from = Math.sqrt(rows);
  const to = Math.sqrt(length);
  if (!Number.isInteger(from) || !Number.isInteger(to)) {
    throw new RangeError(
      `resizePositionTable: ${rows} → ${length} rows are not both squares. Tables of non-square windows cannot be resized.`,
    );
  }
  const values = storedToFloat32(table);
  const out = new Float32Array(length * heads);
  const taps = cubicTaps(from, to);
  for (let y = 0; y < to; y++) {
    for (let x = 0; x < to; x++) {
      for (let h = 0; h < heads; h++) {
        let sum = 0;
        for (const row of taps[y]!) {
          for (const column of taps[x]!) {
            sum += row.weight * column.weight * values[(row.index * from + column.index) * heads + h]!;
          }
        }
        out[(y * to + x) * heads + h] = sum;
      }
    }
  }
  return { dtype: 'F32', shape: [length, heads], data: out };
}

/**
 * Weights whose relative position tables fit `window`: tables of other windows are resized, their (derived) index
 * buffers left out. Weights that already fit come back as they are.
 */
export function fitWindow(weights: ReadonlyMap<string, StoredTensor>, window: number): Map<string, StoredTensor> {
  const length = (2 * window - 1) ** 2;
  const fitted = new Map<string, StoredTensor>();
  for (const [name, stored] of weights) {
    if (name.endsWith('.relative_position_index') && stored.shape[0] !== window * window) continue;
    const misfit = name.endsWith('.relative_position_bias_table') && stored.shape[0] !== length;
    fitted.set(name, misfit ? resizePositionTable(stored, length) : stored);
  }
  return fitted;
}
