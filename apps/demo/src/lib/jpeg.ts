import { encodePixels, readPicture } from './canvas.js';
import type { JpegTrip } from './codec-run.js';
import { drawImage } from './draw.js';

/** The browser's own JPEG, 4:2:0 chroma and all. */
export const browserJpeg: JpegTrip = async (image, quality) => {
  const blob = await encodePixels(drawImage(image), 'image/jpeg', quality / 100);
  const { data, width, height } = await readPicture(blob);
  return { image: { data: rgbBytes(data), width, height }, bytes: blob.size };
};

/** RGBA → RGB. */
export function rgbBytes(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0, j = 0; i < rgba.length; i += 4) {
    rgb[j++] = rgba[i]!;
    rgb[j++] = rgba[i + 1]!;
    rgb[j++] = rgba[i + 2]!;
  }
  return rgb;
}
