import {
  chooseCrop,
  cropImage,
  cropLabels,
  flipImage,
  flipLabels,
  hsvToRgb,
  type LabelMap,
  normalize,
  padImage,
  padLabels,
  photoMetricDistortion,
  type RgbImage,
  reduceZeroLabel,
  rescaleSize,
  resizeImage,
  resizeLabels,
  rgbToHsv,
} from '@gss/datasets';
import type { Golden } from '@gss/testing';
import { check, expectedValues } from '../compare.js';
import type { Check, Family } from '../family.js';
import { photoDraws, type TransformParts } from './transform-parts.js';

/** BGR ↔ RGB of [H, W, 3]. */
function swapped<T extends Uint8Array | Uint8ClampedArray | Float32Array | Int32Array>(data: T): T {
  return data.map((_, i) => data[i - (i % 3) + 2 - (i % 3)]!) as T;
}

const bytes = (golden: Golden, name: string): LabelMap & { data: Uint8Array } => {
  const stored = golden.tensors.get(name);
  if (!stored) throw new Error(`${golden.name}: there is no tensor ${name}`);
  return { data: stored.data as Uint8Array, height: stored.shape[0]!, width: stored.shape[1]! };
};
const picture = (golden: Golden, name: string): RgbImage => {
  const { data, width, height } = bytes(golden, name);
  return { data: swapped(data), width, height };
};

/** Grey levels of `name` may differ by `levels`. */
const levelCheck = (golden: Golden, name: string, actual: ArrayLike<number>, levels: number): Check => ({
  name,
  actual,
  expected: expectedValues(golden, name),
  ...(levels === 0 ? { exact: true } : { atol: levels, rtol: 0 }),
});

type Input = {
  readonly golden: Golden;
  readonly parts: TransformParts;
  readonly image: RgbImage;
  readonly labels: LabelMap;
};

const imageCheck = ({ golden }: Input, name: string, actual: RgbImage, levels = 0) =>
  levelCheck(golden, name, swapped(actual.data), levels);

function resizeChecks(input: Input): Check[] {
  const { golden, parts, image, labels } = input;
  const single = Object.entries(parts.resize).flatMap(([name, { keep_ratio, scale, out_hw }]) => {
    const bound = { width: scale[0], height: scale[1] };
    const to = keep_ratio ? rescaleSize(image, bound) : bound;
    return [
      { name: `resize.${name} size`, actual: [to.height, to.width], expected: out_hw, exact: true },
      imageCheck(input, `resize.output.${name}.image`, resizeImage(image, to), 1),
      levelCheck(golden, `resize.output.${name}.label`, resizeLabels(labels, to).data, 0),
    ];
  });
  const sizes = parts.rescale_size.map(({ w, h, scale }) =>
    rescaleSize({ width: w, height: h }, { width: scale[0], height: scale[1] }),
  );
  const rescaled: Check = {
    name: 'rescale_size',
    actual: sizes.flatMap(({ width, height }) => [width, height]),
    expected: parts.rescale_size.flatMap(({ new_wh }) => new_wh),
    exact: true,
  };
  return [...single, rescaled];
}

function cropChecks(input: Input): Check[] {
  const { golden, parts, image, labels } = input;
  const cut = parts.crop.flatMap(({ x1, x2, y1, y2 }, n) => {
    const box = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    return [
      imageCheck(input, `crop.output.${n}.image`, cropImage(image, box)),
      levelCheck(golden, `crop.output.${n}.label`, cropLabels(labels, box).data, 0),
    ];
  });
  const chosen = Object.entries(parts.crop_choice.cases).map(([name, c]): Check => {
    const exact = name.includes('exact') && golden.tensors.has('crop_choice.input.label_exact');
    const map = bytes(golden, exact ? 'crop_choice.input.label_exact' : 'crop_choice.input.label');
    let drawn = 0;
    const draw = () => {
      const [y, x] = c.candidates[drawn++] ?? [0, 0];
      return { x, y, width: c.crop_size[1], height: c.crop_size[0] };
    };
    const { box } = chooseCrop(draw, (candidate) => cropLabels(map, candidate), c.cat_max_ratio);
    return { name: `crop_choice ${name}`, actual: [box.y, box.x], expected: c.taken_offset_yx, exact: true };
  });
  return [...cut, ...chosen];
}

function photoChecks(input: Input): Check[] {
  return Object.entries(input.parts.photo.draws).map(([name, draws]) => {
    const parsed = photoDraws(draws);
    const levels = parsed.saturation === undefined && parsed.hue === undefined ? 1 : 2;
    return imageCheck(input, `photo.output.${name}`, photoMetricDistortion(input.image, parsed), levels);
  });
}

function hsvChecks(golden: Golden): Check[] {
  const from = [...golden.params('hsv.output.from_').keys()].map((name) =>
    levelCheck(golden, `hsv.output.from_${name}`, rgbToHsv(picture(golden, `hsv.input.${name}`).data), 0),
  );
  const hsv = bytes(golden, 'hsv.input.hsv');
  const rgb = swapped(hsvToRgb(hsv.data, hsv.width));
  return [...from, levelCheck(golden, 'hsv.output.to_bgr', rgb, 1)];
}

/** Flip, reduce_zero_label, normalise, pad, and the bundle (channels first). */
function otherChecks(input: Input): Check[] {
  const { golden, parts, image, labels } = input;
  const normalized = normalize(image, parts.normalize.mean, parts.normalize.std);
  const to = { width: parts.pad.size[1], height: parts.pad.size[0] };
  const padded = padImage(normalized, to);
  const paddedLabels = padLabels(labels, to).data;
  const plane = to.width * to.height;
  const channelsFirst = Float32Array.from(padded.data, (_, i) => padded.data[(i % plane) * 3 + Math.floor(i / plane)]!);
  const all = { data: Uint8Array.from({ length: 256 }, (_, i) => i), width: 256, height: 1 };
  return [
    imageCheck(input, 'flip.output.image', flipImage(image)),
    levelCheck(golden, 'flip.output.label', flipLabels(labels).data, 0),
    levelCheck(golden, 'reduce_zero.output.of_0_to_255', reduceZeroLabel(all).data, 0),
    check(golden, 'normalize.output', normalized.data),
    { ...check(golden, 'pad.output.image', padded.data), atol: 1e-5, rtol: 1e-5 },
    levelCheck(golden, 'pad.output.label', paddedLabels, 0),
    { ...check(golden, 'bundle.output.image_chw', channelsFirst), atol: 1e-5, rtol: 1e-5 },
    levelCheck(golden, 'bundle.output.label', paddedLabels, 0),
  ];
}

export const family: Family = {
  prefix: 'transforms',
  run(golden) {
    const parts = golden.manifest.parts as TransformParts;
    const input = { golden, parts, image: picture(golden, 'input.image_bgr'), labels: bytes(golden, 'input.label') };
    return [
      ...resizeChecks(input),
      ...cropChecks(input),
      ...photoChecks(input),
      ...hsvChecks(golden),
      ...otherChecks(input),
    ];
  },
};
