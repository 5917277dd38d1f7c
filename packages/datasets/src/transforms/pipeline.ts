import { createRandom, type Random } from '../random.js';
import type { LabelMap, RgbImage, Sample } from '../types.js';
import { classCropBoxes } from './class-crop.js';
import { chooseCrop, randomCropBox } from './crop.js';
import { flipLabels, padImage, padLabels, reduceZeroLabel } from './flip-pad.js';
import { type Box, rescaleSize, type Size } from './geometry.js';
import { type FloatImage, normalize } from './normalize.js';
import { distortHsv, drawPhotoMetric, photoMetricTables } from './photometric.js';
import { resizeLabels, sampleImage } from './resize.js';
import { rotateImage, rotateLabels } from './rotate.js';
import { parseTransforms, type RandomCropSpec, type TransformSpec } from './specs.js';

/** What a pipeline makes of a sample. `image` holds floats after `Normalize`, else bytes. */
export interface TransformedSample {
  readonly image: RgbImage | FloatImage;
  readonly labels: LabelMap;
  readonly name: string;
  /** The size before the pipeline. */
  readonly original: Size;
  /** The size after `Resize`, before crop and padding; evaluation undoes it. */
  readonly resized: Size;
  readonly flipped: boolean;
}

/**
 * `into` is a place for the floats of a pipeline with `Normalize`, such as one sample's part of a batch; it is used where its
 * length fits and no padding was needed.
 */
export type Pipeline = (sample: Sample, random: Random, into?: Float32Array) => TransformedSample;

/** The stream for one sample: it depends on nothing but these, so workers and resumed runs make the same batches. */
export const sampleRandom = (seed: number, epoch: number, index: number): Random => createRandom(seed, epoch, index);

/**
 * A picture on its way. Resize, crop and flip are only noted at first: just the pixels that survive the crop are ever computed,
 * with the same result as one step after another.
 */
interface State {
  readonly source: RgbImage;
  readonly sourceLabels: LabelMap;
  /** The size that the source is resized to, and the part of it that is kept. */
  readonly size: Size;
  readonly box: Box;
  /** Labels within the box, once something needed them. */
  readonly labels?: LabelMap;
  readonly mirrored: boolean;
  readonly buffers: Buffers;
  /** Is the source's buffer ours to change? Not the caller's. */
  readonly ours: boolean;
  /** What every byte of the picture has yet to go through. */
  readonly table?: Uint8Array | undefined;
  readonly float?: FloatImage;
  readonly resized: Size;
  readonly flipped: boolean;
}

/** Memory that is used again and again: fresh memory costs as much as the arithmetic. */
interface Buffers {
  /** True where the result is floats: then no result holds on to the bytes. */
  readonly reuse: boolean;
  bytes?: Uint8Array;
  readonly into?: Float32Array | undefined;
}

type Step = (state: State, random: Random) => State;

/**
 * Turns specs into one function `(sample, random) → sample`. The sample is never changed.
 * @throws TypeError for an unknown step, option or value (see `parseTransforms`).
 */
export function compilePipeline(specs: readonly TransformSpec[]): Pipeline {
  const compiled = parseTransforms(specs).map(compileStep);
  const reuse = specs.some(({ type }) => type === 'Normalize');
  let bytes: Uint8Array | undefined;
  return ({ image, labels, name }, random, into) => {
    if (image.width !== labels.width || image.height !== labels.height)
      throw new RangeError(
        `pipeline: ${name}: the labels are ${labels.width}×${labels.height}, the picture ${image.width}×${image.height}.`,
      );
    const original = { width: image.width, height: image.height };
    const buffers: Buffers = { reuse, into, ...(bytes ? { bytes } : {}) };
    const initial: State = { ...start(image, labels), ours: false, buffers, resized: original, flipped: false };
    const state = compiled.reduce((s, step) => step(s, random), initial);
    bytes = buffers.bytes;
    const { source, sourceLabels, float, resized, flipped } = state.float ? state : settle(state);
    return { image: float ?? source, labels: sourceLabels, name, original, resized, flipped };
  };
}

const start = (source: RgbImage, sourceLabels: LabelMap) => {
  const size = { width: source.width, height: source.height };
  return { source, sourceLabels, size, box: { x: 0, y: 0, ...size }, mirrored: false };
};

/** Computes what was only noted. */
function settle(state: State): State {
  if (isSource(state) && !state.table) return state;
  const { source, sourceLabels, size, box, mirrored, resized, flipped, buffers } = state;
  const free = buffers.bytes === source.data ? undefined : buffers.bytes;
  const image = sampleImage(source, size, box, mirrored, state.table, free);
  if (buffers.reuse) buffers.bytes = image.data;
  const same = isSource({ ...state, mirrored: false });
  const labels = state.labels ?? (same ? sourceLabels : resizeLabels(sourceLabels, size, box));
  return { ...start(image, mirrored ? flipLabels(labels) : labels), ours: true, buffers, resized, flipped };
}

/** Applies functions to the settled picture and labels. */
function apply(
  state: State,
  onImage: (image: RgbImage) => RgbImage,
  onLabels: (labels: LabelMap) => LabelMap = (l) => l,
): State {
  const { source, sourceLabels, ours, buffers, resized, flipped } = settle(state);
  return { ...start(onImage(source), onLabels(sourceLabels)), ours, buffers, resized, flipped };
}

/** Draws boxes of a crop: anywhere, or around pixels of a class. */
function boxes(state: State, spec: RandomCropSpec, random: Random): () => Box {
  const anywhere = () => randomCropBox(state.size, spec, random);
  const { classBalance } = spec;
  if (!classBalance || !random.chance(classBalance.probability)) return anywhere;
  return classCropBoxes(state.sourceLabels, state.size, spec, classBalance.weights, random) ?? anywhere;
}

function compileStep(spec: TransformSpec): Step {
  switch (spec.type) {
    case 'Resize':
      return (state, random) => {
        const ratio = spec.ratioRange ? random.range(...spec.ratioRange) : 1;
        const scale = { width: Math.floor(spec.width * ratio), height: Math.floor(spec.height * ratio) };
        const settled = isSource(state) && !state.table ? state : settle(state);
        const size = spec.keepRatio === false ? scale : rescaleSize(settled.size, scale);
        return { ...settled, size, box: { x: 0, y: 0, ...size }, resized: size };
      };
    case 'RandomCrop':
      return (given, random) => {
        const state = isWhole(given) ? given : settle(given);
        const { box, labels } = chooseCrop(
          boxes(state, spec, random),
          (candidate) => resizeLabels(state.sourceLabels, state.size, candidate),
          spec.catMaxRatio,
        );
        const cut = { ...state, box };
        return isSource(cut) ? cut : { ...cut, labels }; // labels of the whole source would outlive its next change
      };
    case 'RandomFlip':
      return (state, random) =>
        random.chance(spec.prob ?? 0.5) ? { ...state, mirrored: !state.mirrored, flipped: !state.flipped } : state;
    case 'PhotoMetricDistortion':
      return (state, random) => {
        const draws = drawPhotoMetric(random, spec);
        const { before, after } = photoMetricTables(draws);
        const settled = settle({ ...(state.table ? settle(state) : state), table: before });
        const data = settled.ours ? (settled.source.data as Uint8Array) : Uint8Array.from(settled.source.data);
        distortHsv(data, settled.size.width, draws);
        return { ...settled, source: { ...settled.source, data }, ours: true, table: after };
      };
    case 'RandomRotate':
      return (state, random) => {
        const [low, high] = typeof spec.degree === 'number' ? [-spec.degree, spec.degree] : spec.degree;
        if (!random.chance(spec.prob ?? 0.5)) return state;
        const degrees = random.range(low, high);
        return apply(
          state,
          (image) => rotateImage(image, degrees, spec.fill, spec),
          (labels) => rotateLabels(labels, degrees, undefined, spec),
        );
      };
    case 'ReduceZeroLabel':
      return (state) => apply(state, (image) => image, reduceZeroLabel);
    case 'Normalize':
      return (state) => {
        const settled = settle({ ...state, table: undefined });
        return { ...settled, float: normalize(settled.source, spec.mean, spec.std, state.table, state.buffers.into) };
      };
    case 'Pad':
      return (state) => {
        const settled = state.float ? state : settle(state);
        const { float, source, sourceLabels } = settled;
        const d = spec.sizeDivisor ?? 1;
        const to = {
          width: spec.width ?? Math.ceil(sourceLabels.width / d) * d,
          height: spec.height ?? Math.ceil(sourceLabels.height / d) * d,
        };
        const labels = padLabels(sourceLabels, to);
        if (!float) return { ...settled, ...start(padImage(source, to, spec.fill), labels) };
        return { ...settled, sourceLabels: labels, float: padImage(float, to, spec.fill) };
      };
  }
}

/** Neither cropped nor flipped yet: a crop may be noted. */
const isWhole = ({ size, box, mirrored }: State): boolean =>
  !mirrored && box.width === size.width && box.height === size.height;

/** Nothing noted yet: a resize may be. */
const isSource = (state: State): boolean =>
  isWhole(state) && state.size.width === state.source.width && state.size.height === state.source.height;
