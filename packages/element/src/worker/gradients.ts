// Gradients of tfjs-core's operations, in a chunk of their own: only learning needs them.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
