import type { Result, TokenMap } from '../engine/api.js';
import type { Correction } from './correction.js';
import type { OpenModel } from './model.js';
import { type Pixels, toTensor } from './pixels.js';
import { breathe, type CallContext } from './scope.js';
import { noTokens, type Part, type PartOptions, segmentPart } from './segment.js';
import { joinTokens, place, planTiles, type Tile, wholePixels } from './tiles.js';

/** Share of every class, sums to 1. */
export function sharesOf(labels: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]! += 1;
  return counts.map((count) => count / labels.length);
}

/** Whether a picture is segmented in windows of ours: the network would see a large one. What lies under the limit is computed as in Node. */
const isLarge = ({ width, height }: Pixels, { runtime }: OpenModel) =>
  width * height > wholePixels && !runtime.config.inference.scale;

/** Segments a picture of any size: whole, or in windows whose middles are joined, so that memory does not grow with it. */
export async function segmentPixels(
  read: () => Promise<Pixels>,
  model: OpenModel,
  correction: Correction | undefined,
  options: PartOptions,
  context: CallContext,
): Promise<Result> {
  const began = performance.now();
  const pixels = await read();
  const { width, height } = pixels;
  let prepare = performance.now() - began;
  const run = async ({ window }: Tile, inner: CallContext) => {
    const before = performance.now();
    const input = toTensor(pixels, window);
    prepare += performance.now() - before;
    return segmentPart(input, model, correction, options, inner).finally(() => input.dispose());
  };
  const finish = (part: Part): Result => ({
    ...part,
    width,
    height,
    shares: sharesOf(part.labels, model.info.classes.length),
    timings: { ...part.timings, prepare, total: performance.now() - began },
  });

  const whole = { x: 0, y: 0, w: width, h: height };
  if (!isLarge(pixels, model)) {
    let told = false;
    const progress = (done: number, total: number) => {
      told = true;
      context.progress(done, total);
    };
    const watch = { ...context, progress };
    const part = await run({ window: whole, keep: whole }, watch);
    if (!told) context.progress(1, 1);
    return finish(part);
  }

  const tiles = planTiles(width, height);
  const K = model.info.classes.length;
  const size = width * height;
  const labels = new Uint8Array(size);
  const maskige = new Uint8ClampedArray(size * 4);
  const confidence = new Uint8Array(size);
  const scores = options.scores ? new Uint8Array(size * K) : undefined;
  const timings = { prior: 0, decoder: 0, inverse: 0 };
  const maps: { tile: Tile; tokens: TokenMap }[] = [];
  const quiet = { ...context, progress: () => undefined };
  for (const [i, tile] of tiles.entries()) {
    await breathe(context);
    const part = await run(tile, quiet);
    const { w } = tile.window;
    place({ data: labels, width }, { data: part.labels, width: w }, tile, 1);
    place({ data: maskige, width }, { data: part.maskige, width: w }, tile, 4);
    place({ data: confidence, width }, { data: part.confidence, width: w }, tile, 1);
    if (scores && part.scores) place({ data: scores, width }, { data: part.scores, width: w }, tile, K);
    for (const stage of ['prior', 'decoder', 'inverse'] as const) timings[stage] += part.timings[stage];
    maps.push({ tile, tokens: part.tokens });
    context.progress(i + 1, tiles.length);
  }
  const tokens = (model.info.tokens && joinTokens(maps, width, height, model.info.tokens.size)) ?? noTokens;
  return finish({ labels, maskige, confidence, tokens, timings, ...(scores ? { scores } : {}) });
}
