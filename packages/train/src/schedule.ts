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

export interface CosineOptions {
  /** Rate at the start, before warm-up. */
  readonly base: number;
  /** Iterations of the whole run. */
  readonly total: number;
  /** Rate at the end, default 0. */
  readonly min?: number;
  readonly warmup?: WarmupOptions;
}

/** mmcv's warm-up: the rate that it would be anyway, times a factor (linear: 1 − (1 − i / n)(1 − ratio)). */
function withWarmup(regular: Schedule, warmup: WarmupOptions | undefined): Schedule {
  if (!warmup) return regular;
  const { kind = 'linear', iterations, ratio = 1e-6 } = warmup;
  return (i) => {
    const rate = regular(i);
    if (i >= iterations) return rate;
    if (kind === 'constant') return rate * ratio;
    if (kind === 'exp') return rate * ratio ** (1 - i / iterations);
    return rate * (1 - (1 - i / iterations) * (1 - ratio));
  };
}

/** mmcv's PolyLrUpdaterHook: base · (1 − i / total)^power, and its warm-up. */
export function polySchedule({ base, total, power = 1, min = 0, warmup }: PolyOptions): Schedule {
  return withWarmup((i) => (base - min) * Math.max(0, 1 - i / total) ** power + min, warmup);
}

/** mmcv's CosineAnnealingLrUpdaterHook: min + (base − min) · (1 + cos(π · i / total)) / 2, and its warm-up. */
export function cosineSchedule({ base, total, min = 0, warmup }: CosineOptions): Schedule {
  return withWarmup((i) => min + ((base - min) * (1 + Math.cos(Math.PI * Math.min(1, i / total)))) / 2, warmup);
}
