// The worker's entry, a module worker: it answers what engine/link.ts sends.
import type { WorkerScope } from './scope.js';

// tf.nextFrame waits for an animation frame where there are some: those stand still in hidden tabs and cost up to 16 ms a window.
globalThis.requestAnimationFrame = (callback) => setTimeout(() => callback(performance.now()), 0) as unknown as number;

const here = import.meta.url;
const { serve } = await import('./serve.js'); // after the line above, which tfjs reads when it is imported
serve(globalThis as unknown as WorkerScope, new URL('wasm/', here).href);
