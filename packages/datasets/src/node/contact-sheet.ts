import sharp from 'sharp';
import { drawLabels } from '../draw.js';
import { resizeImage, resizeLabels } from '../transforms/resize.js';
import type { SegmentationDataset } from '../types.js';

export interface ContactSheetOptions {
  /** How many samples, spread evenly over the data set; default 12. */
  readonly count?: number;
  /** Pairs in a row; default 3. */
  readonly columns?: number;
  /** Width of one picture; default 192. */
  readonly width?: number;
  readonly format?: 'png' | 'jpeg' | 'webp';
}

/** Samples side by side, each picture with its labels in class colours beside it, as an encoded picture. */
export async function contactSheet(
  dataset: SegmentationDataset,
  options: ContactSheetOptions = {},
): Promise<Uint8Array> {
  const { columns = 3, width = 192, format = 'png' } = options;
  const count = Math.min(options.count ?? 12, dataset.length);
  const gap = 4;
  const samples = [];
  for (let i = 0; i < count; i++) samples.push(await dataset.read(Math.floor((i * dataset.length) / count)));
  const height = Math.round(Math.max(...samples.map(({ image }) => (image.height * width) / image.width)));
  const tiles = samples.flatMap(({ image, labels }, i) => {
    const to = { width, height: Math.max(1, Math.round((image.height * width) / image.width)) };
    const left = (i % columns) * (2 * width + 2 * gap) + gap;
    const top = Math.floor(i / columns) * (height + gap) + gap;
    return [resizeImage(image, to), drawLabels(resizeLabels(labels, to), dataset.classes)].map(({ data }, side) => ({
      input: Buffer.from(data),
      raw: { ...to, channels: 3 as const },
      left: left + side * width,
      top,
    }));
  });
  const sheet = {
    width: Math.min(columns, count) * (2 * width + 2 * gap),
    height: Math.ceil(count / columns) * (height + gap) + gap,
    channels: 3 as const,
    background: '#ffffff',
  };
  return sharp({ create: sheet }).composite(tiles).toFormat(format).toBuffer();
}
