import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { OpenedData } from './sources.js';

/** How often each class occurs in a split. */
export interface ClassCounts {
  /** Pixels by class. */
  readonly pixels: readonly number[];
  /** Labelled pixels of all images that show the class. */
  readonly pixelsOfImages: readonly number[];
  /** Images that were counted. */
  readonly images: number;
}

/** Images that are counted at most, spread evenly: shares of classes settle long before. */
const limit = 2000;
const fileName = 'class-counts.json';

/** The counts that a run wrote down, if they are of the same data. */
function readCounts(path: string, source: string): ClassCounts | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { source: of, ...counts } = JSON.parse(readFileSync(path, 'utf8')) as ClassCounts & { source: unknown };
    return JSON.stringify(of) === source ? counts : undefined;
  } catch {
    return undefined; // half a file of an interrupted copy: counted again
  }
}

/** Counts the classes of a split, or takes the counts from `dir`/class-counts.json, where they are kept. */
export async function classCounts({ source, dataset, classes }: OpenedData, dir: string): Promise<ClassCounts> {
  const path = join(dir, fileName);
  const known = readCounts(path, JSON.stringify(source));
  if (known) return known;
  const K = classes.length;
  const pixels = new Array<number>(K).fill(0);
  const pixelsOfImages = new Array<number>(K).fill(0);
  const images = Math.min(limit, dataset.length);
  for (let i = 0; i < images; i++) {
    const { labels } = await dataset.read(Math.floor((i * dataset.length) / images));
    const found = new Array<number>(K).fill(0);
    for (const id of labels.data) if (id < K) found[id]! += 1;
    const labelled = found.reduce((a, b) => a + b, 0);
    for (const [id, n] of found.entries()) {
      pixels[id]! += n;
      if (n > 0) pixelsOfImages[id]! += labelled;
    }
  }
  const counts = { pixels, pixelsOfImages, images };
  mkdirSync(dir, { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify({ source, ...counts })}\n`);
  return counts;
}
