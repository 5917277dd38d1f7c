/** A label map: one class per pixel, row by row. */
export interface LabelMap {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
}

/** One axis of a bilinear resize: lower neighbour, upper neighbour and the weight of the upper, in float32 as PyTorch. */
function axis(from: number, to: number) {
  const scale = Math.fround(from / to);
  return Array.from({ length: to }, (_, o) => {
    const at = Math.max(0, Math.fround(Math.fround(scale * Math.fround(o + 0.5)) - 0.5));
    const low = Math.min(from - 1, Math.floor(at));
    return { low, high: Math.min(from - 1, low + 1), weight: Math.fround(at - low) };
  });
}

/**
 * Resizes labels as the reference does before it codes them (§3.4, d = 1/4 doubles the mask): one-hot maps bilinearly,
 * then arg max; the lowest class wins a tie and `ignore` counts as the highest. At most four labels meet in a pixel, so
 * no one-hot map is made: the cost does not depend on the number of classes.
 */
export function resizeLabels(
  labels: LabelMap,
  { width, height }: { readonly width: number; readonly height: number },
  ignore = 255,
): LabelMap {
  const { data, width: W, height: H } = labels;
  if (data.length !== W * H) {
    throw new RangeError(`resizeLabels: expected ${W} × ${H} = ${W * H} labels, got ${data.length}.`);
  }
  const out =
    data.slice(0, 0).constructor === Uint16Array ? new Uint16Array(width * height) : new Uint8Array(width * height);
  const rows = axis(H, height);
  const columns = axis(W, width);
  const rank = (label: number) => (label === ignore ? Number.POSITIVE_INFINITY : label);
  const candidates = [0, 0, 0, 0];
  const weights = [0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    const { low: top, high: bottom, weight: v } = rows[y]!;
    for (let x = 0; x < width; x++) {
      const { low: left, high: right, weight: u } = columns[x]!;
      candidates[0] = data[top * W + left]!;
      candidates[1] = data[top * W + right]!;
      candidates[2] = data[bottom * W + left]!;
      candidates[3] = data[bottom * W + right]!;
      weights[0] = Math.fround((1 - v) * (1 - u));
      weights[1] = Math.fround((1 - v) * u);
      weights[2] = Math.fround(v * (1 - u));
      weights[3] = Math.fround(v * u);
      let best = candidates[0]!;
      let most = -1;
      for (let i = 0; i < 4; i++) {
        const label = candidates[i]!;
        let sum = 0;
        for (let j = 0; j < 4; j++) if (candidates[j] === label) sum = Math.fround(sum + weights[j]!);
        if (sum > most || (sum === most && rank(label) < rank(best))) {
          most = sum;
          best = label;
        }
      }
      out[y * width + x] = best;
    }
  }
  return { data: out, width, height };
}
