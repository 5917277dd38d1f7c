/** A rectangle of pixels: columns x..x+width-1, rows y..y+height-1. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size that fits (mmcv's `rescale_size`): the long edge at most max(scale), the short edge at most min(scale), the ratio kept.
 */
export function rescaleSize({ width, height }: Size, scale: Size): Size {
  const long = Math.max(scale.width, scale.height);
  const short = Math.min(scale.width, scale.height);
  const factor = Math.min(long / Math.max(height, width), short / Math.min(height, width));
  return { width: Math.floor(width * factor + 0.5), height: Math.floor(height * factor + 0.5) };
}

/** @throws RangeError unless the box lies in the picture. */
export function checkBox(who: string, box: Box, size: Size): void {
  const { x, y, width, height } = box;
  const inside = x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= size.width && y + height <= size.height;
  if (!inside || ![x, y, width, height].every(Number.isInteger))
    throw new RangeError(`${who}: box ${width}×${height} at (${x}, ${y}) is not within ${size.width}×${size.height}.`);
}

/** @throws RangeError unless both edges are integers ≥ 1. */
export function checkSize(who: string, { width, height }: Size): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
    throw new RangeError(`${who}: ${width}×${height} is no size. Both edges must be integers ≥ 1.`);
}
