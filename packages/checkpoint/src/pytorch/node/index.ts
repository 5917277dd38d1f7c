export { openPyTorch, type PyTorchFile } from './open.js';
export { writePyTorch } from './write.js';
