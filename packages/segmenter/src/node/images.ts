import { readFile } from 'node:fs/promises';
import { decodeImage } from '@gss/datasets/node';
import type { RgbImage } from '@gss/maskige';
import type { Prediction } from '../prediction.js';
import type { PredictOptions, Segmenter } from '../segmenter.js';

/**
 * A picture file (JPEG, PNG, WebP) as `predict` takes it. Stored pixels: EXIF orientation and colour profiles are not applied.
 * @param maxPixels larger pictures are refused before they are decoded; default 2²⁶.
 * @throws DatasetError for what is no picture, is damaged, or too large; a file error with its path where it cannot be read.
 */
export async function readImage(file: string, maxPixels?: number): Promise<RgbImage> {
  return decodeImage(await readFile(file), file, maxPixels);
}

/** A picture file with its segmentation. */
export interface PredictedFile {
  readonly file: string;
  readonly image: RgbImage;
  /** To be disposed by whoever receives it. */
  readonly prediction: Prediction;
  /** Milliseconds in the network, a batch's share; decoding does not count. */
  readonly ms: number;
}

/**
 * Segments picture files one after the other, or `batchSize` at a time, and hands each over as soon as it is done: a folder
 * of any length takes the memory of one batch. Default batchSize 1.
 * @throws as `readImage` and `predict`.
 */
export async function* predictFiles(
  segmenter: Segmenter,
  files: readonly string[],
  { batchSize = 1, ...options }: PredictOptions = {},
): AsyncGenerator<PredictedFile, void, undefined> {
  for (let at = 0; at < files.length; at += batchSize) {
    options.signal?.throwIfAborted();
    const batch = files.slice(at, at + batchSize);
    const images = await Promise.all(batch.map((file) => readImage(file)));
    const began = performance.now();
    const predictions = await segmenter.predict(images, { ...options, batchSize });
    const ms = (performance.now() - began) / batch.length;
    let given = 0;
    try {
      for (const [i, file] of batch.entries()) {
        given = i + 1;
        yield { file, image: images[i]!, prediction: predictions[i]!, ms };
      }
    } finally {
      for (const left of predictions.slice(given)) left.dispose(); // of a consumer that stopped early
    }
  }
}
