export {
  type BackendChoice,
  BackendError,
  type NodeBackend,
  nodeBackends,
  type SelectBackendOptions,
  selectBackend,
} from './backend.js';
export { freeMemory, type MemoryEstimate } from './memory.js';
export { prepareUtil } from './util-shim.js';
