export { openPyTorch, type PyTorchFile } from './open.js';
