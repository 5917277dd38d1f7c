export { writeFileAtomic } from './atomic.js';
export { type LazySafetensors, openSafetensorsSync } from './lazy.js';
export { openSafetensors, readSafetensors, type SafetensorsFile } from './open.js';
export {
  defaultShardBytes,
  openSafetensorsFolder,
  readSafetensorsFolder,
  type SafetensorsFolder,
  writeShardedSafetensors,
} from './sharded.js';
export { type WritableTensor, writeSafetensors } from './write.js';
