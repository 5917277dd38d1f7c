import { createHash } from 'node:crypto';
import { DatasetError, type DatasetProblem } from '../errors.js';
import type { SegmentationDataset } from '../types.js';
import { decodeImage, readBytes } from './decode-image.js';
import type { PairDataset } from './pair-dataset.js';

/** What was seen of one sample. */
export interface SampleRecord {
  readonly name: string;
  readonly file: string;
  readonly width?: number;
  readonly height?: number;
  /** Raw ids of the label file and their pixels. */
  readonly ids?: readonly (readonly [id: number, pixels: number])[];
  /** Of the decoded picture: equal pictures have equal hashes whatever their files are. */
  readonly hash?: string;
  readonly problem?: DatasetProblem;
  readonly message?: string;
}

/** Reads one sample and says what it holds; what is wrong with it becomes a part of the record. */
export async function inspectSample(
  dataset: SegmentationDataset,
  index: number,
  _options?: undefined,
): Promise<SampleRecord> {
  const { pairs, readRaw, options } = dataset as Partial<PairDataset>;
  const pair = pairs?.[index];
  const name = dataset.name(index);
  const file = pair?.label ?? name;
  try {
    if (!pair || !readRaw) {
      const { image, labels } = await dataset.read(index);
      return {
        name,
        file,
        width: image.width,
        height: image.height,
        ids: histogram(labels.data),
        hash: hashOf(image.data),
      };
    }
    const bytes = await readBytes(pair.image);
    const image = await decodeImage(bytes, pair.image, options?.maxPixels);
    const raw = await readRaw(index);
    const seen = {
      name,
      file,
      width: image.width,
      height: image.height,
      ids: histogram(raw.data),
      hash: hashOf(image.data),
    };
    if (raw.width === image.width && raw.height === image.height) return seen;
    const message = `${pair.label}: the label is ${raw.width}×${raw.height}, its picture ${pair.image} is ${image.width}×${image.height}.`;
    return { ...seen, problem: 'size-mismatch', message };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return { name, file: error.file ?? file, problem: error.problem, message: error.message };
  }
}

const hashOf = (data: Uint8Array | Uint8ClampedArray): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 32);

function histogram(data: Uint8Array | Uint16Array): [number, number][] {
  const counts = new Uint32Array(65536);
  for (let i = 0; i < data.length; i++) counts[data[i]!]!++;
  return [...counts.entries()].filter(([, pixels]) => pixels > 0);
}
