// Gradients of tfjs-core's operations, in a chunk of their own: only learning needs them.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { getGradient } from '@tensorflow/tfjs-core';

/** Refuses to go on where a bundler dropped the import above, or bundled a second tfjs-core for it. */
export function needGradients(): void {
  if (!getGradient('Relu'))
    throw new Error(
      'learn: the gradients of @tensorflow/tfjs-core are not registered. Let the bundler keep its register_all_gradients.js, and one copy of tfjs-core.',
    );
}
