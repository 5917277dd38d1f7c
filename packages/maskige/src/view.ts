import type { Placement } from './types.js';

interface Sized extends Placement {
  readonly data: { readonly length: number };
  readonly width: number;
  readonly height: number;
  readonly channels?: 3 | 4;
}

/** A view with everything spelled out. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly offset: number;
  readonly stride: number;
  readonly channels: number;
}

/**
 * Reads where labels (`allowed` [1]) or an image ([3, 4]) lie; refuses what does not fit its buffer, or is not of the
 * input's size.
 */
export function layout(
  who: string,
  view: Sized,
  allowed: number[],
  input: { width: number; height: number } = view,
): Layout {
  const { data, width, height, offset = 0 } = view;
  // A whole buffer tells its channels; a part of a larger one is RGB unless it says otherwise.
  const whole = view.offset === undefined && view.stride === undefined && width * height > 0;
  const channels = view.channels ?? (allowed.length > 1 && whole ? data.length / (width * height) : allowed[0]!);
  if (!allowed.includes(channels)) {
    throw new RangeError(
      `${who}: expected ${allowed.join(' or ')} channels for ${width}×${height} pixels, got ${channels}.`,
    );
  }
  const row = width * channels;
  const stride = view.stride ?? row;
  const needed = width * height && offset + (height - 1) * stride + row;
  const counts = [width, height, offset, stride].every((n) => n === n >>> 0);
  if (!counts || stride < row || data.length < needed || width !== input.width || height !== input.height) {
    throw new RangeError(
      `${who}: ${width}×${height}×${channels} at offset ${offset}, stride ${stride} needs integers ≥ 0, ${input.width}×${input.height}, stride ≥ ${row}, ${needed} elements, got ${data.length}.`,
    );
  }
  return { width, height, offset, stride, channels };
}

/** A rectangle inside a map or image. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A rectangle of a label map or an image as a view of the same buffer: nothing is copied, and writing shows in the whole. */
export function crop<T extends Sized>(map: T, { x, y, width, height }: Rectangle): T & Required<Placement> {
  const { stride, channels, offset, ...size } = layout('crop', map, [1, 3, 4]);
  const inside =
    [x, y, width, height].every((n) => n === n >>> 0) && x + width <= size.width && y + height <= size.height;
  if (!inside) {
    throw new RangeError(`crop: ${width}×${height} at (${x}, ${y}) is not inside ${size.width}×${size.height}.`);
  }
  const image = channels > 1 && { channels };
  return { ...map, ...image, width, height, stride, offset: offset + y * stride + x * channels };
}
