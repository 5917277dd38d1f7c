export type {
  BackendInfo,
  BackendName,
  CallOptions,
  Decoded,
  Diagnostics,
  Engine,
  EngineOptions,
  Example,
  ImageInput,
  LabelImage,
  Learned,
  LearnOptions,
  LoadOptions,
  ModelInfo,
  Recoded,
  Result,
  RgbaPicture,
  SampleRequest,
  SampleResult,
  SegmentOptions,
  Timings,
  TokenMap,
} from './api.js';
export { createEngine } from './engine.js';
export { WorkerCrashError } from './errors.js';
export { encodeIndexPng } from './index-png.js';
