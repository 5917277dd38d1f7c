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

/** Reads the placement of labels (1 channel) or of an image (3 or 4) and refuses what does not fit its buffer. */
export function layout(who: string, view: Sized, kind: 'labels' | 'image'): Layout {
  const { data, width, height, offset = 0 } = view;
  const whole = [width, height, offset, view.stride ?? 0].every((n) => Number.isInteger(n) && n >= 0);
  if (!whole) {
    throw new RangeError(
      `${who}: width, height, offset and stride must be integers ≥ 0, got ${width}, ${height}, ${offset}, ${view.stride}.`,
    );
  }
  const channels = kind === 'labels' ? 1 : channelsOf(who, view);
  const stride = view.stride ?? width * channels;
  const needed = height === 0 || width === 0 ? 0 : offset + (height - 1) * stride + width * channels;
  if (stride < width * channels) {
    throw new RangeError(
      `${who}: a row of ${width} pixels × ${channels} needs a stride of at least ${width * channels}, got ${stride}.`,
    );
  }
  if (data.length < needed) {
    throw new RangeError(
      `${who}: ${width}×${height}×${channels} from offset ${offset} with stride ${stride} needs ${needed} elements, the buffer has ${data.length}.`,
    );
  }
  return { width, height, offset, stride, channels };
}

function channelsOf(who: string, { data, width, height, channels, offset, stride }: Sized): number {
  if (channels === 3 || channels === 4) return channels;
  if (channels !== undefined) throw new RangeError(`${who}: expected 3 or 4 channels, got ${channels}.`);
  if (offset !== undefined || stride !== undefined) return 3;
  if (data.length === width * height * 4 && data.length > 0) return 4;
  if (data.length === width * height * 3) return 3;
  throw new RangeError(
    `${who}: expected ${width}×${height} pixels of 3 or 4 bytes, got ${data.length} bytes. Give channels, offset or stride when the image is part of a larger buffer.`,
  );
}

/** Throws unless output and input have the same number of pixels each way. */
export function sameSize(who: string, from: Layout, to: Layout): void {
  if (from.width === to.width && from.height === to.height) return;
  throw new RangeError(`${who}: out is ${to.width}×${to.height}, expected ${from.width}×${from.height} as the input.`);
}

/** A rectangle inside a map or image. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A rectangle of a label map as a view of the same buffer: nothing is copied, and what is written to it shows in the map.
 * For an image use {@link cropImage}.
 */
export function crop<T extends Sized>(map: T, rectangle: Rectangle): T & Required<Placement> {
  return cut('crop', map, layout('crop', map, 'labels'), rectangle);
}

/** A rectangle of an image as a view of the same buffer. */
export function cropImage<T extends Sized>(
  image: T,
  rectangle: Rectangle,
): T & Required<Placement> & { readonly channels: 3 | 4 } {
  const placed = layout('cropImage', image, 'image');
  return { ...cut('cropImage', image, placed, rectangle), channels: placed.channels as 3 | 4 };
}

function cut<T extends Sized>(who: string, map: T, placed: Layout, { x, y, width, height }: Rectangle) {
  const inside =
    [x, y, width, height].every((n) => Number.isInteger(n) && n >= 0) &&
    x + width <= placed.width &&
    y + height <= placed.height;
  if (!inside) {
    throw new RangeError(
      `${who}: rectangle ${width}×${height} at (${x}, ${y}) is not inside ${placed.width}×${placed.height}.`,
    );
  }
  const { stride, channels } = placed;
  return { ...map, width, height, stride, offset: placed.offset + y * stride + x * channels };
}
