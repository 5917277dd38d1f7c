import type { LabelMap, RgbImage } from '@gss/maskige';

/** Longest side that the demo segments at once; larger pictures are scaled down first. */
const largestSide = 640;

const context = (canvas: HTMLCanvasElement) => {
  const found = canvas.getContext('2d', { willReadFrequently: true });
  if (!found) throw new Error('This browser offers no 2-D canvas.');
  return found;
};

/** Decodes a picture file to RGB, scaled so that its longest side is at most 640 pixels. */
export async function readPicture(file: Blob): Promise<RgbImage> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error('This file is no picture that the browser can read. Choose a JPEG, PNG or WebP.');
  });
  const scale = Math.min(1, largestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const ctx = context(canvas);
  ctx.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const { data, width, height } = ctx.getImageData(0, 0, canvas.width, canvas.height);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; i < data.length; i += 4) {
    rgb[o++] = data[i]!;
    rgb[o++] = data[i + 1]!;
    rgb[o++] = data[i + 2]!;
  }
  return { data: rgb, width, height };
}

/** Draws RGB bytes on a canvas of their size. */
export function show(canvas: HTMLCanvasElement, { data, width, height }: RgbImage): void {
  canvas.width = width;
  canvas.height = height;
  const rgba = new ImageData(width, height);
  for (let i = 0, o = 0; i < data.length; i += 3) {
    rgba.data[o++] = data[i]!;
    rgba.data[o++] = data[i + 1]!;
    rgba.data[o++] = data[i + 2]!;
    rgba.data[o++] = 255;
  }
  context(canvas).putImageData(rgba, 0, 0);
}

/** Labels in their drawing colours. */
export function colour(
  { data, width, height }: LabelMap,
  colours: readonly (readonly [number, number, number])[],
): RgbImage {
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) out.set(colours[data[i]!] ?? [0, 0, 0], i * 3);
  return { data: out, width, height };
}
