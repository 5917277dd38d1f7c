import type { PhotoMetricDraws } from '@gss/datasets';

type Pair = readonly [number, number];

/** `parts` of a `transforms` manifest. */
export interface TransformParts {
  /** `scale` and `new_wh` are (width, height), all others (height, width). */
  readonly resize: Readonly<
    Record<string, { readonly keep_ratio: boolean; readonly scale: Pair; readonly out_hw: Pair }>
  >;
  readonly rescale_size: readonly {
    readonly w: number;
    readonly h: number;
    readonly scale: Pair;
    readonly new_wh: Pair;
  }[];
  readonly crop: readonly { readonly x1: number; readonly x2: number; readonly y1: number; readonly y2: number }[];
  readonly crop_choice: {
    readonly cases: Readonly<
      Record<
        string,
        {
          readonly candidates: readonly Pair[];
          readonly crop_size: Pair;
          readonly cat_max_ratio: number;
          readonly taken_offset_yx: Pair;
        }
      >
    >;
  };
  readonly normalize: {
    readonly mean: readonly [number, number, number];
    readonly std: readonly [number, number, number];
  };
  readonly pad: { readonly size: Pair };
  readonly photo: { readonly draws: Readonly<Record<string, readonly number[]>> };
}

/**
 * The reference's draws in their order: brightness flag [, delta]; mode; contrast if mode 1: flag [, factor]; saturation
 * flag [, factor]; hue flag [, integer]; contrast if mode 0: flag [, factor].
 */
export function photoDraws(list: readonly number[]): PhotoMetricDraws {
  const rest = [...list];
  const take = () => rest.shift() ?? 0;
  const maybe = () => (take() ? take() : undefined);
  const brightness = maybe();
  const contrastFirst = take() === 1;
  const early = contrastFirst ? maybe() : undefined;
  const saturation = maybe();
  const hue = maybe();
  const contrast = contrastFirst ? early : maybe();
  return {
    contrastFirst,
    ...(brightness === undefined ? {} : { brightness }),
    ...(contrast === undefined ? {} : { contrast }),
    ...(saturation === undefined ? {} : { saturation }),
    ...(hue === undefined ? {} : { hue }),
  };
}
