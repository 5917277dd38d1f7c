export { expectParameters, expectReload, randomImage } from './backbone.js';
export { bundleWorker } from './bundle.js';
export { chromiumFlags, findChromium, noChromium } from './chromium.js';
export { expectClose, expectGradient, expectNoLeak } from './expect.js';
export { findGolden, type Golden, readGolden } from './golden.js';
export { runInChromium } from './page.js';
export { runReadme } from './readme.js';
