import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderStreetScene, syntheticStreetsClasses } from '@gss/datasets';
import sharp from 'sharp';
import { indexPng } from './images/write.js';

/** A split of a data set as a folder: `count` calm streets of 64 × 48, pictures as JPEG, labels as index PNG, classes.json. */
export async function writeSplit(root: string, split: string, count: number): Promise<void> {
  mkdirSync(join(root, 'images', split), { recursive: true });
  mkdirSync(join(root, 'labels', split), { recursive: true });
  for (let i = 0; i < count; i++) {
    const { image, labels } = renderStreetScene({ seed: 2, index: i, width: 64, height: 48, variety: 'calm' });
    const raw = { width: image.width, height: image.height, channels: 3 } as const;
    await sharp(image.data, { raw })
      .jpeg({ quality: 95 })
      .toFile(join(root, 'images', split, `${i}.jpg`));
    writeFileSync(join(root, 'labels', split, `${i}.png`), indexPng(labels));
  }
  const classes = syntheticStreetsClasses.map(({ name, color }, id) => ({ id, name, color }));
  writeFileSync(
    join(root, 'classes.json'),
    JSON.stringify({ num_classes: classes.length, ignore_index: 255, classes }),
  );
}
