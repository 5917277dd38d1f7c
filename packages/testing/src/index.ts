export { bundleWorker } from './bundle.js';
export { expectClose, expectGradient, expectNoLeak } from './expect.js';
export { findGolden, type Golden, readGolden } from './golden.js';
export { runReadme } from './readme.js';
