export type { WeightsProgress } from './bring.js';
export { findWeights, type KnownWeights, knownWeights, type PinnedFile } from './catalog.js';
export { WeightsFetchError, type WeightsFetchErrorCode } from './errors.js';
export {
  type FetchedWeights,
  type FetchWeightsOptions,
  fetchWeights,
  type ListedWeights,
  listWeights,
  weightsPath,
} from './fetch.js';
