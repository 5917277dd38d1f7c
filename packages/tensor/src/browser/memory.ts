import * as tf from '@tensorflow/tfjs-core';

/** How much memory maps may take, and why. */
export interface MemoryEstimate {
  readonly bytes: number;
  /** The rule in words, with its numbers, for logs. */
  readonly rule: string;
}

interface WithLimits {
  readonly device?: {
    readonly limits?: { readonly maxBufferSize?: number; readonly maxStorageBufferBindingSize?: number };
  };
}

const wasmLimit = 2 ** 32;
/** Browsers that do not tell the size of the machine run on some with 4 GiB. */
const assumedDevice = 4;
const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/**
 * The memory that maps may take on the current backend: a quarter of `navigator.deviceMemory` (Chromium, at most 8 GiB; 4 GiB
 * are assumed where it is not told). On WebGPU no more than five of the largest buffers that the adapter binds, because the
 * largest map is about a fifth of what `dvaeTilesFor` plans; on wasm at most half of what its 4 GiB have left.
 */
export function freeMemory(): MemoryEstimate {
  const told = (globalThis.navigator as { deviceMemory?: number } | undefined)?.deviceMemory;
  const quarter = ((told ?? assumedDevice) * 2 ** 30) / 4;
  const plain = {
    bytes: quarter,
    rule: `a quarter of the ${told ?? assumedDevice} GiB that this device ${told ? 'has at least' : 'is assumed to have'}`,
  };
  const backend = tf.getBackend();
  if (backend === 'wasm') {
    const left = Math.max(0, wasmLimit - tf.memory().numBytes);
    if (left / 2 < quarter) return { bytes: Math.floor(left / 2), rule: `half of the ${gib(left)} that wasm has left` };
  }
  if (backend === 'webgpu') {
    const limits = (tf.backend() as unknown as WithLimits).device?.limits;
    const largest = Math.min(limits?.maxBufferSize ?? Infinity, limits?.maxStorageBufferBindingSize ?? Infinity);
    if (5 * largest < quarter) {
      return { bytes: 5 * largest, rule: `five of the largest buffers, ${gib(largest)}, that this adapter binds` };
    }
  }
  return plain;
}
