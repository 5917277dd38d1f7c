import { freemem } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from './backend.js';

/** How much memory maps may take, and why. */
export interface MemoryEstimate {
  readonly bytes: number;
  /** The rule in words, with its numbers, for logs. */
  readonly rule: string;
}

/** tfjs' wasm module addresses 32 bits. */
const wasmLimit = 2 ** 32;
const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Node 20.13 and later know the limit of a container; before, the machine's free memory is all there is to ask. */
function freeBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const left = constrained > 0 ? constrained - process.memoryUsage.rss() : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(freemem(), left));
}

/**
 * The memory that maps may take on the current backend: half of what is free on the machine or in its container, the other
 * half being for the backend's own copies and for other programs; on wasm at most half of what its 4 GiB have left, because
 * its heap is in pieces. Throws BackendError on a GPU, whose memory tfjs cannot tell: give it a number of your own.
 */
export function freeMemory(): MemoryEstimate {
  const backend = tf.getBackend();
  const isGpu = (tf.backend() as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
  if (isGpu || backend === 'webgpu') {
    throw new BackendError(
      `freeMemory: the memory of a GPU (${backend}) is unknown. Pass the bytes that maps may take.`,
    );
  }
  const free = freeBytes();
  const half = Math.floor(free / 2);
  const left = Math.max(0, wasmLimit - tf.memory().numBytes);
  if (backend === 'wasm' && left / 2 < half) {
    return { bytes: Math.floor(left / 2), rule: `half of the ${gib(left)} that wasm has left` };
  }
  return { bytes: half, rule: `half of the ${gib(free)} that are free` };
}
