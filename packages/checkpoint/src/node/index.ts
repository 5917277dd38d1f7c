export { writeFileAtomic } from './atomic.js';
export { openSafetensors, readSafetensors, type SafetensorsFile } from './open.js';
export { type WritableTensor, writeSafetensors } from './write.js';
