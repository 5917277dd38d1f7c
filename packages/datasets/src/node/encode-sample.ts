import { copyFile, mkdir, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import type { LabelMap, Sample, SegmentationDataset } from '../types.js';
import { readBytes } from './decode-image.js';
import type { PairDataset } from './pair-dataset.js';
import { writeFileAtomic } from './write-file.js';

/** A sample as the bytes of two files. */
export interface EncodedSample {
  /** Of the picture's file, with its dot. */
  readonly extension: string;
  readonly image: Uint8Array;
  /** 8-bit index PNG of class ids. */
  readonly label: Uint8Array;
  readonly name: string;
  /** The decoded sample, where it was asked for. */
  readonly sample?: Sample;
}

const encodeLabel = ({ data, width, height }: LabelMap): Uint8Array =>
  encode({ data: Uint8Array.from(data), width, height, channels: 1 });

/** A sample as files: the picture's own bytes where it is a file, else a PNG. */
export async function encodeSample(
  dataset: SegmentationDataset,
  index: number,
  { keepSample }: { readonly keepSample: boolean },
): Promise<EncodedSample> {
  const sample = await dataset.read(index);
  const { name } = sample;
  const more = { label: encodeLabel(sample.labels), name, ...(keepSample ? { sample } : {}) };
  const path = (dataset as Partial<PairDataset>).pairs?.[index]?.image;
  if (path) return { extension: extname(path).toLowerCase(), image: await readBytes(path), ...more };
  const { data, width, height } = sample.image;
  const image = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return { extension: '.png', image, ...more };
}

const exists = (path: string) =>
  stat(path).then(
    (found) => found.size > 0,
    () => false,
  );

/** Writes `out/images/SPLIT/NAME.*` and `out/labels/SPLIT/NAME.png`, or keeps them where they are: then `bytes` is 0. */
export async function writePair(
  dataset: SegmentationDataset,
  index: number,
  { out, split }: { readonly out: string; readonly split: string },
): Promise<{ kept: boolean; bytes: number }> {
  const name = dataset.name(index);
  const label = join(out, 'labels', split, `${name}.png`);
  if (await exists(label)) return { kept: true, bytes: 0 };
  const encoded = await encodeSample(dataset, index, { keepSample: false });
  const image = join(out, 'images', split, `${name}${encoded.extension}`);
  for (const path of [image, label]) await mkdir(dirname(path), { recursive: true });
  const from = (dataset as Partial<PairDataset>).pairs?.[index]?.image;
  if (from) await copyFile(from, image);
  else await writeFileAtomic(image, [encoded.image]);
  await writeFileAtomic(label, [encoded.label]); // last: it tells that the sample is complete
  return { kept: false, bytes: encoded.image.length + encoded.label.length };
}
