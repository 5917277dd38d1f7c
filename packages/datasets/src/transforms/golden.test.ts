import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findGolden, readGolden } from '@gss/testing';
import { describe, expect, test } from 'vitest';
import {
  chooseCrop,
  cropImage,
  cropLabels,
  flipImage,
  flipLabels,
  hsvToRgb,
  normalize,
  type PhotoMetricDraws,
  padImage,
  padLabels,
  photoMetricDistortion,
  type RgbImage,
  reduceZeroLabel,
  rescaleSize,
  resizeImage,
  resizeLabels,
  rgbToHsv,
} from '../index.js';

// The committed copy is a part of the fixture; the full one beside the repository is taken where it is.
const committed = join(dirname(fileURLToPath(import.meta.url)), '../../fixtures');
const golden = readGolden('transforms', findGolden('transforms') ?? committed);
const { parts } = golden.manifest;

/** The fixture's pictures are BGR. */
const swap = (data: Uint8Array) => data.map((_, i) => data[i - (i % 3) + 2 - (i % 3)]!);
const stored = (name: string) => {
  const tensor = golden.tensors.get(name);
  if (!tensor) return undefined;
  const [height, width] = tensor.shape as [number, number];
  return { data: tensor.data as Uint8Array, width, height };
};
const needed = (name: string) => {
  const found = stored(name);
  if (!found) throw new Error(`fixture transforms has no ${name}`);
  return found;
};
const picture = (name: string): RgbImage => ({ ...needed(name), data: swap(needed(name).data) });
const image = picture('input.image_bgr');
const labels = needed('input.label');

let compared = 0;
function expectLevels(
  name: string,
  got: { data: ArrayLike<number>; width: number; height: number },
  levels: number,
  bgr: boolean,
) {
  const want = stored(name);
  if (!want) return;
  compared++;
  expect([got.width, got.height], name).toEqual([want.width, want.height]);
  const expected = bgr ? swap(want.data) : want.data;
  expect(got.data.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(got.data[i]! - expected[i]!));
  expect(worst, `${name}: grey levels`).toBeLessThanOrEqual(levels);
}

describe('equal to mmsegmentation and OpenCV', () => {
  test('resize: pictures bit for bit, labels bit for bit, sizes', () => {
    for (const [name, { keep_ratio, scale, out_hw }] of Object.entries<{
      keep_ratio: boolean;
      scale: number[];
      out_hw: number[];
    }>(parts.resize)) {
      const bound = { width: scale[0]!, height: scale[1]! };
      const to = keep_ratio ? rescaleSize(image, bound) : bound;
      expect([to.height, to.width]).toEqual(out_hw);
      expectLevels(`resize.output.${name}.image`, resizeImage(image, to), 0, true);
      expectLevels(`resize.output.${name}.label`, resizeLabels(labels, to), 0, false);
    }
    for (const { w, h, scale, new_wh } of parts.rescale_size) {
      const { width, height } = rescaleSize({ width: w, height: h }, { width: scale[0], height: scale[1] });
      expect([width, height]).toEqual(new_wh);
    }
  });
  test('crop, flip, pad, reduce_zero_label: exact', () => {
    for (const [n, { x1, x2, y1, y2 }] of parts.crop.entries()) {
      const box = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
      expectLevels(`crop.output.${n}.image`, cropImage(image, box), 0, true);
      expectLevels(`crop.output.${n}.label`, cropLabels(labels, box), 0, false);
    }
    expectLevels('flip.output.image', flipImage(image), 0, true);
    expectLevels('flip.output.label', flipLabels(labels), 0, false);
    const to = { width: parts.pad.size[1], height: parts.pad.size[0] };
    expectLevels('pad.output.label', padLabels(labels, to), 0, false);
    const all = { data: Uint8Array.from({ length: 256 }, (_, i) => i), width: 256, height: 1 };
    expect(reduceZeroLabel(all).data).toEqual(golden.tensors.get('reduce_zero.output.of_0_to_255')!.data);
  });
  test('cat_max_ratio: the same box of the same candidates', () => {
    for (const [name, c] of Object.entries<{
      candidates: number[][];
      crop_size: number[];
      cat_max_ratio: number;
      taken_offset_yx: number[];
    }>(parts.crop_choice.cases)) {
      const map = needed(name === 'threshold_exact' ? 'crop_choice.input.label_exact' : 'crop_choice.input.label');
      let n = 0;
      const draw = () => {
        const [y, x] = c.candidates[n++] ?? [0, 0];
        return { x: x!, y: y!, width: c.crop_size[1]!, height: c.crop_size[0]! };
      };
      const { box } = chooseCrop(draw, (b) => cropLabels(map, b), c.cat_max_ratio);
      expect([box.y, box.x], name).toEqual(c.taken_offset_yx);
    }
  });
  test('photometric distortion: at most one level', () => {
    for (const [name, list] of Object.entries<number[]>(parts.photo.draws))
      expectLevels(`photo.output.${name}`, photoMetricDistortion(image, readDraws(list)), 1, true);
  });
  test('8-bit HSV: there exactly, back within one level', () => {
    const rgb = picture('hsv.input.bgr');
    expect(rgbToHsv(rgb.data)).toEqual(needed('hsv.output.from_bgr').data);
    expect(rgbToHsv(picture('hsv.input.bgr_grid').data)).toEqual(needed('hsv.output.from_bgr_grid').data);
    const hsv = needed('hsv.input.hsv');
    expectLevels('hsv.output.to_bgr', { ...hsv, data: hsvToRgb(hsv.data, hsv.width) }, 1, true);
  });
  test('normalise and pad', () => {
    const { mean, std } = parts.normalize;
    const normalized = normalize(image, mean, std);
    expect(normalized.data[0]).toBeCloseTo((image.data[0]! - mean[0]) / std[0], 5);
    const want = golden.tensors.get('normalize.output')?.data;
    const worst = (got: Float32Array, expected: ArrayLike<number | bigint>) =>
      got.reduce((top, x, i) => Math.max(top, Math.abs(x - Number(expected[i])) / (1 + Math.abs(x))), 0);
    if (want) expect(worst(normalized.data, want)).toBeLessThanOrEqual(1e-5);
    const padded = padImage(normalized, { width: parts.pad.size[1], height: parts.pad.size[0] });
    const wantPadded = golden.tensors.get('pad.output.image')?.data;
    if (wantPadded) expect(worst(padded.data, wantPadded)).toBeLessThanOrEqual(1e-5);
    expect(padded.data.at(-1)).toBe(0);
  });
  test('the fixture was really compared', () => {
    expect(compared).toBeGreaterThanOrEqual(17);
  });
});

/** The fixture's flat list of draws: see `parts.photo.order`. */
function readDraws(list: readonly number[]): PhotoMetricDraws {
  const next = list.values();
  const take = () => next.next().value as number;
  const maybe = () => (take() ? take() : undefined);
  const brightness = maybe();
  const contrastFirst = take() === 1;
  const first = contrastFirst ? maybe() : undefined;
  const saturation = maybe();
  const hue = maybe();
  const contrast = first ?? (contrastFirst ? undefined : maybe());
  const draws = { contrastFirst, brightness, contrast, saturation, hue };
  return Object.fromEntries(Object.entries(draws).filter(([, v]) => v !== undefined)) as unknown as PhotoMetricDraws;
}
