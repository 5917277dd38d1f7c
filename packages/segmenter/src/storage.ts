import { dequantize } from '@gss/checkpoint';
import type { StoredTensor } from '@gss/tensor';

/** How a folder's large weights are stored. In memory all are float32. */
export const storageTypes = ['f32', 'f16', 'bf16', 'int8'] as const;
export type StorageType = (typeof storageTypes)[number];

/**
 * Weights of a folder as `loadParams` takes them: those of `storage: 'int8'` are dequantised, others come as they are
 * (float types become float32 when they are loaded).
 * @throws CheckpointError for I8 values without their scales, and scales without values.
 */
export const unpackWeights = (
  storage: StorageType | undefined,
  weights: ReadonlyMap<string, StoredTensor>,
  label: string,
): ReadonlyMap<string, StoredTensor> => (storage === 'int8' ? dequantize(weights, label) : weights);
