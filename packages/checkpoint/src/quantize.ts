import type { StoredTensor } from './dtype.js';
import { CheckpointError } from './errors.js';

/** Suffix under which the scales of a quantised tensor lie beside it: `NAME.scale`. */
export const scaleSuffix = '.scale';

/** A tensor in 8 bits: row r of the values times `scale[r]` is row r of the tensor. */
export interface QuantizedTensor {
  /** I8, −127..127, of the tensor's shape. */
  readonly values: StoredTensor;
  /** F32, one a row of the first axis (the output channels of a weight as PyTorch stores it). */
  readonly scale: StoredTensor;
}

/** Smaller scales would not be normal float32 numbers: rows below 2^-126 · 127 become multiples of this. */
const smallestScale = 2 ** -126;

/**
 * Symmetric quantisation per row of the first axis: scale = max |x| / 127, value = round(x / scale). A value read back
 * differs from x by at most scale / 2 (and the float32 rounding of the product).
 * @param data row-major, of `shape`; every number finite (beyond 2^127 a product may round to infinity).
 * @param shape at least one axis; the first one counts the rows.
 * @throws CheckpointError when a number is NaN or infinite, or the shape is a scalar's.
 */
export function quantizeRows(data: Float32Array, shape: readonly number[], tensor = 'quantizeRows'): QuantizedTensor {
  const rows = shape[0];
  if (rows === undefined)
    throw new CheckpointError('expected at least one axis to quantise, got a scalar. Keep it in F32.', { tensor });
  const values = new Int8Array(data.length);
  const scale = new Float32Array(rows);
  const length = rows === 0 ? 0 : data.length / rows;
  for (let row = 0; row < rows; row++) {
    const begin = row * length;
    let peak = 0;
    for (let i = begin; i < begin + length; i++) {
      const size = Math.abs(data[i] as number);
      if (!(size < Number.POSITIVE_INFINITY))
        throw new CheckpointError(
          `expected finite numbers to quantise, got ${data[i]} at index ${i}. The training diverged, or keep F32.`,
          { tensor },
        );
      if (size > peak) peak = size;
    }
    const step = Math.max(Math.fround(peak / 127), smallestScale);
    scale[row] = step;
    for (let i = begin; i < begin + length; i++) values[i] = Math.round((data[i] as number) / step);
  }
  return { values: { dtype: 'I8', shape, data: values }, scale: { dtype: 'F32', shape: [rows], data: scale } };
}

/** The inverse of `quantizeRows`, up to scale / 2: F32 of the same shape. */
export function dequantizeRows({ values, scale }: QuantizedTensor): StoredTensor {
  const data = new Float32Array(values.data.length);
  const length = data.length / Math.max(1, scale.data.length);
  for (let i = 0; i < data.length; i++)
    data[i] = (values.data[i] as number) * (scale.data[Math.floor(i / length)] as number);
  return { dtype: 'F32', shape: values.shape, data };
}

/**
 * Weights by name with every I8 tensor made F32 by its `NAME.scale`, and the scales gone; others as they are.
 * @param label names the file in errors.
 * @throws CheckpointError for an I8 tensor without a scale, one of another shape or type, a scale that is not a positive
 * number, and a scale beside a tensor that is not I8.
 */
export function dequantize(weights: ReadonlyMap<string, StoredTensor>, label: string): Map<string, StoredTensor> {
  const out = new Map<string, StoredTensor>();
  for (const [tensor, stored] of weights) {
    const owner = tensor.endsWith(scaleSuffix) ? weights.get(tensor.slice(0, -scaleSuffix.length)) : undefined;
    if (owner) {
      if (owner.dtype !== 'I8')
        throw new CheckpointError(
          `a scale beside a tensor of ${owner.dtype}; expected I8. The file was put together from two; pack the model again.`,
          { file: label, tensor },
        );
    } else out.set(tensor, stored.dtype === 'I8' ? dequantizeRows(scaled(weights, tensor, stored, label)) : stored);
  }
  return out;
}

function scaled(
  weights: ReadonlyMap<string, StoredTensor>,
  tensor: string,
  values: StoredTensor,
  file: string,
): QuantizedTensor {
  const name = tensor + scaleSuffix;
  const scale = weights.get(name);
  const fail = (message: string): never => {
    throw new CheckpointError(`${message}. The file was cut or edited; pack the model again.`, { file, tensor });
  };
  if (!scale) return fail(`I8 values without their scales; expected a tensor ${name} of F32 [${values.shape[0]}]`);
  if (scale.dtype !== 'F32' || scale.shape.length !== 1 || scale.shape[0] !== values.shape[0])
    fail(`expected ${name} as F32 [${values.shape[0]}], got ${scale.dtype} [${scale.shape}]`);
  const wrong = (scale.data as Float32Array).findIndex((value) => !(value > 0 && value < Number.POSITIVE_INFINITY));
  if (wrong >= 0) fail(`expected positive numbers in ${name}, got ${scale.data[wrong]} at index ${wrong}`);
  return { values, scale };
}
