/**
 * Labels whose unlabelled pixels (any label ≥ `classes`) take the label of a near labelled one: a codebook then spends no
 * codes on the colour of "unlabelled", which a model is never asked for. Two chamfer passes, 5 for a side and 7 for a
 * corner, so "near" is within a few percent of nearest. A map without any label is returned as it is.
 * labels [height · width] → a new array of the same type, or `labels` itself where nothing is unlabelled.
 */
export function fillUnlabelled<T extends Uint8Array | Uint16Array | Int32Array>(
  labels: T,
  { width, height, classes }: { readonly width: number; readonly height: number; readonly classes: number },
): T {
  if (labels.length !== width * height) {
    throw new RangeError(`fillUnlabelled: expected ${width} × ${height} labels, got ${labels.length}.`);
  }
  let missing = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= classes) missing++;
  if (missing === 0 || missing === labels.length) return labels;
  const filled = labels.slice() as T;
  const distance = new Uint16Array(labels.length);
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= classes) distance[i] = 65_535;
  const take = (i: number, from: number, step: number) => {
    const next = distance[from]! + step;
    if (next < distance[i]!) {
      distance[i] = next;
      filled[i] = filled[from]!;
    }
  };
  /** One pass in reading order (step 1) or against it (step −1). */
  const pass = (step: 1 | -1) => {
    const rowStep = step * width;
    for (let n = 0; n < height; n++) {
      const y = step > 0 ? n : height - 1 - n;
      for (let m = 0; m < width; m++) {
        const x = step > 0 ? m : width - 1 - m;
        const i = y * width + x;
        if (distance[i] === 0) continue;
        if (m > 0) take(i, i - step, 5);
        if (n === 0) continue;
        take(i, i - rowStep, 5);
        if (m > 0) take(i, i - rowStep - step, 7);
        if (m < width - 1) take(i, i - rowStep + step, 7);
      }
    }
  };
  pass(1);
  pass(-1);
  return filled;
}
