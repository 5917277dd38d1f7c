import { mkdirSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import type { RgbImage } from '@gss/maskige';
import { drawErrors, join, thin } from '../images/sheet.js';
import { draw, rgbPng, writeAll } from '../images/write.js';
import type { WorstImage } from '../stages/oracle.js';

/** truth · maskige · reconstruction · errors, side by side. */
export function worstPicture(image: WorstImage, colours: readonly (readonly [number, number, number])[]): RgbImage {
  const drawn = draw(image.truth, colours);
  const errors = drawErrors(image.truth, image.prediction, drawn);
  return join([drawn, image.maskige, image.reconstruction, errors], 'row');
}

/**
 * Writes DIR/01-NAME.png, … (worst first) and DIR/worst.png, all of them below each other. Returns the paths, the sheet's
 * last.
 */
export async function writeWorst(
  dir: string,
  images: readonly WorstImage[],
  colours: readonly (readonly [number, number, number])[],
): Promise<string[]> {
  mkdirSync(dir, { recursive: true });
  const rows = images.map((image) => worstPicture(image, colours));
  const files = new Map<string, Uint8Array>();
  for (const [i, row] of rows.entries()) {
    const name = images[i]!.name.replace(/[^\w.-]+/g, '_');
    files.set(joinPath(dir, `${String(i + 1).padStart(2, '0')}-${name}.png`), await rgbPng(row));
  }
  if (rows.length) {
    files.set(
      joinPath(dir, 'worst.png'),
      await rgbPng(
        join(
          rows.map((row) => thin(row, 1600)),
          'column',
          8,
        ),
      ),
    );
  }
  await writeAll(Object.fromEntries(files));
  return [...files.keys()];
}
