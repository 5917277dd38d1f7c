import { fromFloat32, toFloat32 } from '@gss/checkpoint';
import type { DType, StoredTensor } from '@gss/tensor';
import type { Weights } from './weights.js';

/** Element types that weights can be written in; integers and flags always stay what they are. */
export const castTypes = ['f32', 'f16', 'bf16'] as const;
export type CastType = (typeof castTypes)[number];

const floats: ReadonlySet<DType> = new Set(['F64', 'F32', 'F16', 'BF16']);
/** Beyond this a half becomes infinite. */
const largestHalf = 65_520;

/**
 * The same tensors with their floats in another type, each cast when its data is asked for.
 * @param onOverflow hears how many finite values a tensor had that a half cannot hold.
 */
export function cast(weights: Weights, type: CastType, onOverflow: (name: string, values: number) => void): Weights {
  const dtype = type.toUpperCase() as DType;
  return new Map(
    [...weights].map(([name, tensor]) =>
      floats.has(tensor.dtype) && tensor.dtype !== dtype
        ? [name, castOne(name, tensor, dtype, onOverflow)]
        : [name, tensor],
    ),
  );
}

function castOne(
  name: string,
  tensor: StoredTensor,
  dtype: DType,
  onOverflow: (name: string, values: number) => void,
): StoredTensor {
  const get = () => {
    const values = toFloat32(tensor);
    if (dtype === 'F16') {
      let lost = 0;
      for (const value of values) if (Math.abs(value) >= largestHalf && Number.isFinite(value)) lost++;
      if (lost) onOverflow(name, lost);
    }
    return fromFloat32(values, dtype);
  };
  const { shape } = tensor; // the same array: it tells where the tensor comes from
  return Object.defineProperty({ dtype, shape } as StoredTensor, 'data', { enumerable: true, get });
}
