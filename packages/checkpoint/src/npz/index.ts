export { NpzError } from './error.js';
export { type NpzArrays, type NpzOptions, readNpz } from './read.js';
