export { PyTorchError } from './error.js';
export { type PyTorchCheckpoint, type PyTorchOptions, readPyTorch } from './read.js';
export { serializePyTorch } from './serialize.js';
export { moduleStateDict } from './state-dict.js';
export { TorchTensor } from './tensor.js';
export { PickleDict, PickleName, PickleObject, type PickleValue } from './values.js';
export type { Pickleable } from './write-pickle.js';
export type { PyTorchWriteOptions } from './write-state-dict.js';
