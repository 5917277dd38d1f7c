export interface BoundaryWidth {
  /** Width of the boundary as a share of the image's diagonal. */
  readonly dilationRatio?: number;
  /** Width in pixels instead. */
  readonly distance?: number;
}

/**
 * The pixels that are nearer than or at `distance` (in the larger of |Δx| and |Δy|) to a pixel of another label or to the
 * outside of the image: all boundary regions G_d ∩ G of a label map at once. [H·W] → [H·W] of 0 and 1.
 *
 * A pixel is not in the region if the square of 2·distance + 1 pixels around it has one label. Rows know where their runs
 * end and columns how long such pixels go on, so that the time does not depend on the distance.
 */
export function boundaryRegion(labels: Int16Array, width: number, height: number, distance: number): Uint8Array {
  const region = new Uint8Array(labels.length).fill(1);
  /** Rows up to this one in which the pixel has this label at `distance` to both sides. */
  const solid = new Int32Array(width);
  const square = 2 * distance + 1;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let start = 0; start < width; ) {
      const label = labels[row + start]!;
      let end = start + 1;
      while (end < width && labels[row + end] === label) end++;
      const from = Math.min(start + distance, end);
      const to = Math.max(end - distance, from);
      solid.fill(0, start, from);
      for (let x = from; x < to; x++) {
        const rows = y > 0 && labels[row + x - width] === label ? solid[x]! + 1 : 1;
        solid[x] = rows;
        if (rows >= square) region[row + x - distance * width] = 0;
      }
      solid.fill(0, to, end);
      start = end;
    }
  }
  return region;
}

/** The width in pixels for an image; errors name `who`. `round` is the definition's own. */
export function boundaryDistance(
  who: string,
  { dilationRatio, distance }: BoundaryWidth,
  defaultRatio: number,
  width: number,
  height: number,
  round: (pixels: number) => number,
): number {
  if (distance !== undefined) {
    if (Number.isInteger(distance) && distance >= 1) return distance;
    throw new RangeError(`${who}: expected a distance of whole pixels from 1 on, got ${distance}.`);
  }
  const ratio = dilationRatio ?? defaultRatio;
  if (!(ratio > 0 && ratio < 1)) {
    throw new RangeError(
      `${who}: expected a dilationRatio between 0 and 1 (a share of the diagonal), got ${ratio}. For pixels use distance.`,
    );
  }
  return Math.max(1, round(ratio * Math.sqrt(width * width + height * height)));
}
