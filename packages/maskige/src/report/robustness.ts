import type { CodecOptions } from '../compiled.js';
import { decode } from '../decode.js';
import { encode } from '../encode.js';
import type { LabelMap, Palette, RgbImage } from '../types.js';
import { downAndUp, gaussianBlur, gaussianNoise } from './degrade.js';

/** Compresses an image as JPEG of a quality 1..100 and decompresses it: given by the caller, for instance with sharp. */
export type JpegCodec = (image: RgbImage, quality: number) => RgbImage | Promise<RgbImage>;

export interface RobustnessOptions extends CodecOptions {
  /** Standard deviations of the noise, grey levels. */
  readonly noise?: readonly number[];
  /** Standard deviations of the blur, pixels. */
  readonly blur?: readonly number[];
  /** Factors of shrinking and enlarging again. */
  readonly scale?: readonly number[];
  /** Qualities; used if there is a codec. */
  readonly quality?: readonly number[];
  /** Without it there are no JPEG rows. */
  readonly jpeg?: JpegCodec;
  /** Seed of the noise. Default 0. */
  readonly seed?: number;
  /** Called with each row as it is done, for a progress bar. */
  readonly onRow?: (row: RobustnessRow) => void;
}

export interface RobustnessRow {
  readonly degradation: 'none' | 'noise' | 'blur' | 'scale' | 'jpeg';
  readonly level: number;
  /** Pixels decoded rightly, 0–100. */
  readonly accuracy: number;
  /** Mean over the classes present of intersection over union, 0–100: notices small classes. */
  readonly mIoU: number;
}

/**
 * How well a palette survives what happens to maskiges: encodes the map, spoils the maskige, decodes, compares.
 * Pixels whose label is `ignore` are not counted.
 */
export async function robustnessReport(
  map: LabelMap,
  palette: Palette,
  options: RobustnessOptions = {},
): Promise<RobustnessRow[]> {
  const { noise = [4, 8, 16, 32, 64], blur = [0.5, 1, 2], scale = [2, 4, 8], quality = [95, 75, 50, 25] } = options;
  const { jpeg, seed = 0, onRow } = options;
  const codec: CodecOptions = { ignore: options.ignore, ignoreColor: options.ignoreColor, force: options.force };
  const clean = encode(map, palette, codec);
  const rows: RobustnessRow[] = [];
  const add = (degradation: RobustnessRow['degradation'], level: number, spoiled: RgbImage) => {
    const row = {
      degradation,
      level,
      ...compare(map, decode(spoiled, palette, codec), palette.length, options.ignore),
    };
    rows.push(row);
    onRow?.(row);
  };
  add('none', 0, clean);
  for (const level of noise) add('noise', level, gaussianNoise(clean, level, seed));
  for (const level of blur) add('blur', level, gaussianBlur(clean, level));
  for (const level of scale) add('scale', level, downAndUp(clean, level));
  for (const level of jpeg ? quality : []) {
    const spoiled = await jpeg!(clean, level);
    if (spoiled.width !== map.width || spoiled.height !== map.height) {
      throw new RangeError(`robustnessReport: the JPEG codec returned ${spoiled.width}×${spoiled.height}.`);
    }
    add('jpeg', level, spoiled);
  }
  return rows;
}

function compare(truth: LabelMap, found: LabelMap, K: number, ignore: number | undefined) {
  const [both, inTruth, inFound] = [new Float64Array(K), new Float64Array(K), new Float64Array(K)];
  let [right, counted] = [0, 0];
  for (let i = 0; i < truth.width * truth.height; i++) {
    const [t, f] = [truth.data[i]!, found.data[i]!];
    if (t === ignore) continue;
    counted++;
    inTruth[t]!++;
    if (f < K) inFound[f]!++;
    if (t === f) {
      right++;
      both[t]!++;
    }
  }
  const ious = Array.from(both.keys()).flatMap((k) =>
    inTruth[k] ? [both[k]! / (inTruth[k]! + inFound[k]! - both[k]!)] : [],
  );
  return {
    accuracy: counted ? (100 * right) / counted : 100,
    mIoU: ious.length ? (100 * ious.reduce((a, b) => a + b)) / ious.length : 100,
  };
}

/** The reports of several palettes side by side: one line a degradation, one column a palette, pixel accuracy in per cent. */
export function formatRobustness(reports: Readonly<Record<string, readonly RobustnessRow[]>>): string {
  const names = Object.keys(reports);
  const rows = names.length ? reports[names[0]!]! : [];
  const head = ['', ...names];
  const body = rows.map((row, i) => [
    row.degradation === 'none' ? 'none' : `${row.degradation} ${row.level}`,
    ...names.map((name) => reports[name]![i]?.accuracy.toFixed(2) ?? ''),
  ]);
  const widths = head.map((_, c) => Math.max(...[head, ...body].map((line) => line[c]!.length)));
  return [head, ...body]
    .map((line) =>
      line
        .map((cell, c) => (c ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
