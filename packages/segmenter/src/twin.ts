import type { PriorConfig } from '@gss/prior';

/**
 * The head of the discriminative twin: classes from the map that the generative head's tokens would come from, behind
 * the same aggregation and Swin blocks. Its token classifier shrinks to one channel, which nothing reads.
 */
export const twinHead = (prior: PriorConfig): PriorConfig => ({
  ...prior,
  auxiliary: 'attended',
  vocabulary: 1,
  classifierChannels: 1,
  tokenDropout: 0,
});
