/** Learning rate at an iteration, counted from 0. */
export type Schedule = (iteration: number) => number;

export interface PolyOptions {
  /** Rate at the start, before warm-up. */
  readonly base: number;
  /** Iterations of the whole run. */
  readonly total: number;
  /** Default 1. */
  readonly power?: number;
  /** Rate at the end, default 0. */
  readonly min?: number;
  readonly warmup?: WarmupOptions;
}

export interface WarmupOptions {
  readonly kind?: 'linear' | 'constant' | 'exp';
  readonly iterations: number;
  /** Share of the rate at iteration 0. Default 1e-6. */
  readonly ratio?: number;
}

/**
 * mmcv's PolyLrUpdaterHook: base · (1 − i / total)^power, and during warm-up that already decayed rate times a factor
 * (linear: 1 − (1 − i / n)(1 − ratio)).
 */
export function polySchedule({ base, total, power = 1, min = 0, warmup }: PolyOptions): Schedule {
  return (i) => {
    const regular = (base - min) * Math.max(0, 1 - i / total) ** power + min;
    if (!warmup || i >= warmup.iterations) return regular;
    const { kind = 'linear', iterations, ratio = 1e-6 } = warmup;
    if (kind === 'constant') return regular * ratio;
    if (kind === 'exp') return regular * ratio ** (1 - i / iterations);
    return regular * (1 - (1 - i / iterations) * (1 - ratio));
  };
}
