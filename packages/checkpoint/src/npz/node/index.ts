export { type NpzFile, openNpz } from './open.js';
export { writeNpz } from './write.js';
