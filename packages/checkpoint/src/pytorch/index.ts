export { PyTorchError } from './error.js';
export { type PyTorchCheckpoint, type PyTorchOptions, readPyTorch } from './read.js';
export { moduleStateDict } from './state-dict.js';
export { TorchTensor } from './tensor.js';
export { PickleDict, PickleName, PickleObject, type PickleValue } from './values.js';
