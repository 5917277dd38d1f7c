// Pictures that the views' test takes on its way: into docs/ where GSS_SCREENSHOTS=1 asks for it, else into a folder of its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import sharp from 'sharp';

/** Whether the pictures are for the documentation: the page then has the shipped models. */
export const forDocs = process.env.GSS_SCREENSHOTS === '1';
const docs = fileURLToPath(new URL('../../../docs', import.meta.url));
const most = 150_000;

/** What a picture shows, as figures. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Of the file. */
  readonly bytes: number;
  /** Different colours of pixels, four bits a channel. */
  readonly colours: number;
  /** Share of pixels that are far from grey: the page without its pictures has hardly any. */
  readonly vivid: number;
}

/** Counts colours of RGB bytes. */
function look(data: Uint8Array): Pick<Picture, 'colours' | 'vivid'> {
  const seen = new Set<number>();
  let vivid = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    seen.add(((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4));
    if (Math.max(r, g, b) - Math.min(r, g, b) > 64) vivid += 1;
  }
  return { colours: seen.size, vivid: vivid / (data.length / 3) };
}

/** Saves what is seen of the page as `demo-NAME.png`, with as many colours as fit into 150 kB, and says what is in it. */
export async function takePicture(page: Page, name: string, folder: string): Promise<Picture> {
  await page.waitForTimeout(400); // what moves comes to rest
  const shot = await page.screenshot();
  let file = await sharp(shot).png({ compressionLevel: 9 }).toBuffer();
  for (const colours of [256, 128, 64, 32])
    if (file.length > most || colours === 256)
      file = await sharp(shot).png({ palette: true, colours, effort: 10, compressionLevel: 9 }).toBuffer();
  const to = forDocs ? docs : folder;
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, `demo-${name}.png`), file);
  const { data, info } = await sharp(file)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const picture = { width: info.width, height: info.height, bytes: file.length, ...look(data) };
  console.log(`${join(to, `demo-${name}.png`)}: ${JSON.stringify(picture)}`);
  return picture;
}
