import { createRng } from '@gss/tensor';
import type { Batch } from '@gss/train/node';
import { proceduralMask } from '@gss/vqvae';
import type { GssConfig } from '../config/schema.js';
import type { MaskMap } from './tokenizers/training.js';

/** The random mask number `index` of a run, of the size of its crops; shapes grow with the larger side. */
export function proceduralMap({ seed, tokenizer }: GssConfig, classes: number, index: number): MaskMap {
  const [height, width] = tokenizer.crop;
  const rng = createRng(seed).fork(`procedural/${index}`);
  return { labels: proceduralMask(rng, { width, height, classes }), width, height };
}

/** Batch number `index`: masks alone, so its images are empty. */
export function proceduralBatch(config: GssConfig, classes: number, index: number): Batch {
  const { batchSize, crop } = config.tokenizer;
  const [height, width] = crop;
  const labels = new Uint8Array(batchSize * height * width);
  const names: string[] = [];
  for (let i = 0; i < batchSize; i++) {
    const number = index * batchSize + i;
    labels.set(proceduralMap(config, classes, number).labels, i * height * width);
    names.push(`procedural/${number}`);
  }
  return { images: new Uint8Array(0), labels, names, width, height };
}

/** Batches without a data set; those of probes lie beyond any run's. */
export function proceduralStream(config: GssConfig, classes: number, start: number) {
  const first = 1_000_000;
  let index = first + start;
  return {
    next: async () => proceduralBatch(config, classes, index++),
    waited: 0,
    close: async () => {},
  };
}
