export { type DownloadKind, downloadKinds } from './element/download.js';
export { GssSegmenter, type GssSegmenterEventMap } from './element/gss-segmenter.js';
export { type View, views } from './element/paint.js';
