/** Weights that are not what they should be: damaged on the way, or of another model. */
export class CorruptWeightsError extends Error {
  override readonly name = 'CorruptWeightsError';
}
