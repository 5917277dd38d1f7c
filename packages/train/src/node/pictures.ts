import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A tag as the name of a file: its last part, without what a file system might refuse. */
const fileName = (tag: string) => `${tag.replace(/^.*\//, '').replace(/[^\w.-]/g, '_')}.png`;

/** Writes pictures as TAG.png in place of those of the last time; a reader finds the old one or the new one. */
export function savePictures(folder: string, images: readonly { tag: string; png: Uint8Array }[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { tag, png } of images) {
    const path = join(folder, fileName(tag));
    writeFileSync(`${path}.tmp`, png);
    renameSync(`${path}.tmp`, path);
  }
}
