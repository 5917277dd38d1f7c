// What provisioning TensorFlow shares with everything else that arrives inside a Python wheel.
export { cacheFolder, publish, type TemporaryPlace, withTemporaryFolder } from '../cache.js';
export { type DownloadOptions, download, findClient, type PypiClient } from '../client.js';
export { explained, NativeError, type NativeErrorCode } from '../errors.js';
export { assertSpace, readJson, sha256OfFile, statOrUndefined, writeFileAtomic } from '../files.js';
export type { NativeProgress, OnProgress } from '../progress.js';
export { type ExtractOptions, extractMember, parseWheelName, type Wheel, withWheel } from '../wheel.js';
