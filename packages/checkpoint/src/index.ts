export { fromFloat32, toFloat32 } from './convert.js';
export {
  bytesPerElement,
  countElements,
  type DType,
  dtypes,
  type StoredTensor,
  type TensorSpec,
  type TypedArray,
} from './dtype.js';
export { CheckpointError, type CheckpointErrorPlace, SafetensorsError } from './errors.js';
export { dequantize, dequantizeRows, type QuantizedTensor, quantizeRows, scaleSuffix } from './quantize.js';
export { type HeaderOptions, readHeader, type SafetensorsHeader, type TensorEntry } from './safetensors/header.js';
export type { Metadata } from './safetensors/layout.js';
export { parseSafetensors } from './safetensors/parse.js';
export { serializeSafetensors } from './safetensors/serialize.js';
export {
  checkShard,
  missingShard,
  parseShardIndex,
  planShards,
  shardIndex,
  shardIndexName,
  shardName,
} from './safetensors/shards.js';
export { select } from './select.js';
