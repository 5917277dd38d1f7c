import { z } from 'zod';

/** Options of stage II's recipe. All are left out by default: a config without them trains as it always did. */
export const recipe = {
  /** Moving average of the parameters, with the decay's ramp unless `warmup` is false; evaluation and the saved model are of the average. */
  ema: z.strictObject({ decay: z.number().min(0).lt(1), warmup: z.boolean().optional() }).optional(),
};
