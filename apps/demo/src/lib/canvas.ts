import { text } from '../text.js';

/** The 2-D context of a canvas. */
export function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error(text.errors.noCanvas);
  return context;
}

const drawn = new WeakMap<ImageData, HTMLCanvasElement>();

/** A canvas that shows these pixels; made once, so pixels must not change afterwards. */
export function canvasOf(pixels: ImageData): HTMLCanvasElement {
  const known = drawn.get(pixels);
  if (known) return known;
  const canvas = document.createElement('canvas');
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  context2d(canvas).putImageData(pixels, 0, 0);
  drawn.set(pixels, canvas);
  return canvas;
}

/** Encoded pixels: 'image/png', or 'image/jpeg' with a quality of 0..1. */
export function encodePixels(pixels: ImageData, type: string, quality?: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvasOf(pixels).toBlob((blob) => (blob ? resolve(blob) : reject(new Error(text.errors.noCanvas))), type, quality);
  });
}

/** Pixels of anything that a canvas draws, scaled so that the longest side is at most `side`. */
export function pixelsOf(
  source: CanvasImageSource,
  width: number,
  height: number,
  side = Number.POSITIVE_INFINITY,
): ImageData {
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = context2d(canvas);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Decodes a picture file. */
export async function readPicture(file: Blob, side?: number): Promise<ImageData> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(text.errors.unreadable);
  });
  const pixels = pixelsOf(bitmap, bitmap.width, bitmap.height, side);
  bitmap.close();
  return pixels;
}

/** Offers bytes as a file. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
