import {
  compilePipeline,
  createRandom,
  type DatasetSource,
  type Sample,
  type SegmentationDataset,
  type TransformSpec,
} from '@gss/datasets';
import { openDataset } from '@gss/datasets/node';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { LoaderError } from './loader-error.js';

/** One batch to make: positions are (epoch, index) pairs. */
export interface BatchJob {
  readonly source: DatasetSource;
  readonly pipeline: readonly TransformSpec[];
  readonly seed: number;
  readonly samples: readonly { readonly epoch: number; readonly index: number }[];
  /** What to do about a sample that cannot be read: fail (default), or take the next one of the data set in its place. */
  readonly unreadable?: 'stop' | 'skip';
}

/** A sample that could not be read. */
export interface Unreadable {
  readonly name: string;
  readonly reason: string;
}

/** A batch outside the graph: images [B, H, W, 3] and labels [B, H, W], bytes. */
export interface Batch {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly names: readonly string[];
  readonly width: number;
  readonly height: number;
  /** Samples that were left out for others, where there were any. */
  readonly unreadable?: readonly Unreadable[];
}

const opened = new Map<
  string,
  Promise<{ dataset: Awaited<ReturnType<typeof openDataset>>; transform: ReturnType<typeof compilePipeline> }>
>();

/** Decoded samples kept per worker: later epochs of a small data set cost no decoding or rendering. */
const cacheBudget = 384 * 2 ** 20;
let cacheUsed = 0;

/** The data set with its samples kept in memory, first come, until the budget is used. A read gives the same bytes either way. */
function cached(dataset: SegmentationDataset): SegmentationDataset {
  const kept = new Map<number, Sample>();
  return {
    length: dataset.length,
    classes: dataset.classes,
    name: (index) => dataset.name(index),
    async read(index) {
      const found = kept.get(index);
      if (found) return found;
      const sample = await dataset.read(index);
      const bytes = sample.image.data.byteLength + sample.labels.data.byteLength;
      if (cacheUsed + bytes <= cacheBudget) {
        cacheUsed += bytes;
        kept.set(index, sample);
      }
      return sample;
    },
  };
}

function open(source: DatasetSource, pipeline: readonly TransformSpec[]) {
  const key = JSON.stringify([source, pipeline]);
  let entry = opened.get(key);
  if (!entry) {
    entry = openDataset(source).then((dataset) => ({ dataset: cached(dataset), transform: compilePipeline(pipeline) }));
    opened.set(key, entry);
  }
  return entry;
}

/** Copies samples into one batch. Throws RangeError when their sizes differ: a batch has one size. */
export function collate(samples: readonly Sample[]): Batch {
  const { width, height } = samples[0]!.image;
  const pixels = width * height;
  const images = new Uint8Array(samples.length * pixels * 3);
  const labels = new Uint8Array(samples.length * pixels);
  for (const [i, { image, labels: map, name }] of samples.entries()) {
    if (image.width !== width || image.height !== height) {
      throw new RangeError(
        `loader: ${name} is ${image.width}×${image.height} but the batch began with ${width}×${height}. End the pipeline with a crop and a pad of one size, or use a batch size of 1.`,
      );
    }
    images.set(image.data, i * pixels * 3);
    labels.set(map.data, i * pixels);
  }
  return { images, labels, names: samples.map(({ name }) => name), width, height };
}

/** Samples in a row that may be unreadable before a batch is given up. */
const inARow = 20;

/** Reads a sample; with `skip` the first of those after it that can be read, the others go to `left`. */
async function readSample(
  dataset: SegmentationDataset,
  index: number,
  { skip, left }: { readonly skip: boolean; readonly left: Unreadable[] },
): Promise<Sample> {
  for (let ahead = 0; ; ahead++) {
    const at = (index + ahead) % dataset.length;
    try {
      return await dataset.read(at);
    } catch (error) {
      const unreadable = { name: dataset.name(at), reason: (error as Error).message };
      if (!skip)
        throw new LoaderError(`sample ${unreadable.name} cannot be read: ${unreadable.reason}`, { cause: error });
      left.push(unreadable);
      if (ahead + 1 >= Math.min(inARow, dataset.length))
        throw new LoaderError(
          `${ahead + 1} samples in a row cannot be read, the last one ${unreadable.name}: ${unreadable.reason}`,
        );
    }
  }
}

/** Reads and transforms the samples of one batch. Each sample draws from (seed, epoch, index) alone. */
export async function makeBatch({ source, pipeline, seed, samples, unreadable }: BatchJob): Promise<Batch> {
  const { dataset, transform } = await open(source, pipeline);
  const made: Sample[] = [];
  const left: Unreadable[] = [];
  const reading = { skip: unreadable === 'skip', left };
  for (const { epoch, index } of samples) {
    const { image, labels, name } = transform(
      await readSample(dataset, index, reading),
      createRandom(seed, epoch, index),
    );
    if (image.data instanceof Float32Array) {
      throw new TypeError(
        'loader: batches hold bytes; take Normalize out of the pipeline, the model normalises on its device.',
      );
    }
    made.push({ image: { ...image, data: image.data }, labels, name });
  }
  return left.length ? { ...collate(made), unreadable: left } : collate(made);
}

/** Entry of a worker thread: the buffers move to the main thread without a copy. */
export default async function run(job: BatchJob): Promise<unknown> {
  const batch = await makeBatch(job);
  const message = { [transferableSymbol]: [batch.images.buffer, batch.labels.buffer], [valueSymbol]: batch };
  return move(message as unknown as ArrayBuffer); // its type knows only single buffers; its code takes such messages
}
