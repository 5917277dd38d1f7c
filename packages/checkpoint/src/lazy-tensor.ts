import { asTypedArray, type DType, type StoredTensor, type TypedArray } from './dtype.js';

/**
 * A tensor whose data is read when asked for, anew each time. `data` is an own property, so that the tensor can be
 * spread, cloned and sent to a worker like any plain one.
 */
export function lazyTensor(dtype: DType, shape: readonly number[], read: () => Uint8Array | TypedArray): StoredTensor {
  const get = (): TypedArray => {
    const data = read();
    return dtype === 'U8' || !(data instanceof Uint8Array) ? data : asTypedArray(dtype, data);
  };
  return Object.defineProperty({ dtype, shape } as StoredTensor, 'data', { enumerable: true, get });
}
