/**
 * Starts the package's own module worker. The path is one that bundlers see; it also holds in this package's build, where shared
 * code lies at the root of dist as this file lies at the root of src.
 */
export const spawnWorker = (): Worker =>
  new Worker(new URL('./worker/index.js', import.meta.url), { type: 'module', name: 'gss-engine' });
