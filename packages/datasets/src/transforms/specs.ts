import type { ClassBalance } from './class-crop.js';

/** Steps of a pipeline as plain JSON, named after mmsegmentation's. Sizes are in pixels. */
export type TransformSpec =
  | ResizeSpec
  | RandomCropSpec
  | RandomFlipSpec
  | PhotoMetricDistortionSpec
  | RandomRotateSpec
  | NormalizeSpec
  | PadSpec
  | ReduceZeroLabelSpec;

/** With `keepRatio` (the default) the picture is fitted: long edge ≤ max, short edge ≤ min of the two. */
export interface ResizeSpec {
  readonly type: 'Resize';
  readonly width: number;
  readonly height: number;
  readonly keepRatio?: boolean;
  /** Both edges times one factor drawn from here first. */
  readonly ratioRange?: readonly [number, number];
}

export interface RandomCropSpec {
  readonly type: 'RandomCrop';
  readonly width: number;
  readonly height: number;
  /** Refuse crops in which one class has this share or more (ten tries). Default 1: take the first. */
  readonly catMaxRatio?: number;
  /** Only boxes at multiples of it, and flush with the far edges: fixed crops, whose tokens can be kept. Default: anywhere. */
  readonly stride?: number;
  /** Draw some crops around a pixel of a drawn class. Default none. */
  readonly classBalance?: ClassBalance;
}

export interface RandomFlipSpec {
  readonly type: 'RandomFlip';
  readonly prob?: number;
}

export interface PhotoMetricDistortionSpec {
  readonly type: 'PhotoMetricDistortion';
  readonly brightnessDelta?: number;
  readonly contrastRange?: readonly [number, number];
  readonly saturationRange?: readonly [number, number];
  readonly hueDelta?: number;
}

/** Clockwise by an angle of −degree..degree, or of a range. */
export interface RandomRotateSpec {
  readonly type: 'RandomRotate';
  readonly prob?: number;
  readonly degree: number | readonly [number, number];
  readonly fill?: readonly [number, number, number];
  readonly autoBound?: boolean;
}

/** Defaults: ImageNet's mean and standard deviation. */
export interface NormalizeSpec {
  readonly type: 'Normalize';
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
}

/** To at least a size, or to the next multiple of a divisor. */
export interface PadSpec {
  readonly type: 'Pad';
  readonly width?: number;
  readonly height?: number;
  readonly sizeDivisor?: number;
  readonly fill?: readonly [number, number, number];
}

export interface ReduceZeroLabelSpec {
  readonly type: 'ReduceZeroLabel';
}

type Check = (value: unknown) => string | undefined;

const finite = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
const edge: Check = (v) => (Number.isInteger(v) && (v as number) >= 1 ? undefined : 'an integer ≥ 1');
const share: Check = (v) => (finite(v) && v >= 0 && v <= 1 ? undefined : 'a number of 0..1');
const amount: Check = (v) => (finite(v) && v >= 0 ? undefined : 'a number ≥ 0');
const flag: Check = (v) => (typeof v === 'boolean' ? undefined : 'true or false');
const positiveRange: Check = (v) => (isRange(v) && v[0] > 0 ? undefined : 'two numbers > 0, the smaller first');
const triple: Check = (v) => (Array.isArray(v) && v.length === 3 && v.every(finite) ? undefined : 'three numbers');
const positiveTriple: Check = (v) =>
  triple(v) === undefined && (v as number[]).every((x) => x > 0) ? undefined : 'three numbers > 0';
const hueSteps: Check = (v) =>
  Number.isInteger(v) && (v as number) >= 1 && (v as number) <= 90 ? undefined : 'an integer of 1..90';
const balance: Check = (v) => {
  const { probability, weights, ...rest } = (v ?? {}) as Record<string, unknown>;
  const weighs = Array.isArray(weights) && weights.every((w) => finite(w) && w >= 0);
  const fits = share(probability) === undefined && weighs && Object.keys(rest).length === 0;
  return fits ? undefined : '{ probability: 0..1, weights: numbers ≥ 0 }';
};
const angle: Check = (v) =>
  (finite(v) && v > 0) || isRange(v) ? undefined : 'a number of degrees > 0, or two, the smaller first';

function isRange(v: unknown): v is [number, number] {
  return Array.isArray(v) && v.length === 2 && v.every(finite) && v[0]! <= v[1]!;
}

/** Every step's keys; a trailing ! marks those that must be there. */
const steps: Record<TransformSpec['type'], Record<string, Check>> = {
  Resize: { 'width!': edge, 'height!': edge, keepRatio: flag, ratioRange: positiveRange },
  RandomCrop: { 'width!': edge, 'height!': edge, catMaxRatio: share, stride: edge, classBalance: balance },
  RandomFlip: { prob: share },
  PhotoMetricDistortion: {
    brightnessDelta: amount,
    contrastRange: positiveRange,
    saturationRange: positiveRange,
    hueDelta: hueSteps,
  },
  RandomRotate: { prob: share, 'degree!': angle, fill: triple, autoBound: flag },
  Normalize: { mean: triple, std: positiveTriple },
  Pad: { width: edge, height: edge, sizeDivisor: edge, fill: triple },
  ReduceZeroLabel: {},
};

/**
 * Checks a pipeline that came from JSON.
 * @throws TypeError that names the step, the key, what was expected and what came, with the nearest known name.
 */
export function parseTransforms(json: unknown): readonly TransformSpec[] {
  if (!Array.isArray(json)) throw new TypeError(`transforms: expected a list of steps, got ${show(json)}.`);
  for (const [i, step] of json.entries()) checkStep(step as unknown, `transforms[${i}]`);
  const normalized = json.findIndex((step) => step.type === 'Normalize');
  const late = json.findIndex((step, i) => normalized >= 0 && i > normalized && step.type !== 'Pad');
  if (late >= 0)
    throw new TypeError(
      `transforms[${late}]: ${json[late].type} works on bytes, but Normalize came before it. Only Pad may follow Normalize.`,
    );
  return json as TransformSpec[];
}

function checkStep(step: unknown, where: string): void {
  if (typeof step !== 'object' || step === null)
    throw new TypeError(`${where}: expected { "type": … }, got ${show(step)}.`);
  const { type, ...rest } = step as Record<string, unknown>;
  if (typeof type !== 'string' || !Object.hasOwn(steps, type))
    throw new TypeError(`${where}: no step ${show(type)}.${suggest(String(type), Object.keys(steps))}`);
  const keys = steps[type as TransformSpec['type']];
  const names = Object.keys(keys).map((key) => key.replace('!', ''));
  for (const [key, value] of Object.entries(rest)) {
    const check = keys[key] ?? keys[`${key}!`];
    if (!check) throw new TypeError(`${where} (${type}): no option "${key}".${suggest(key, names)}`);
    const expected = check(value);
    if (expected) throw new TypeError(`${where} (${type}): ${key} is ${show(value)}; expected ${expected}.`);
  }
  for (const key of Object.keys(keys))
    if (key.endsWith('!') && !(key.slice(0, -1) in rest))
      throw new TypeError(`${where} (${type}): "${key.slice(0, -1)}" is missing.`);
  const bySize = 'width' in rest && 'height' in rest;
  if (type === 'Pad' && bySize === 'sizeDivisor' in rest)
    throw new TypeError(`${where} (Pad): give either width and height, or sizeDivisor.`);
}

const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? String(value);

/** ' Did you mean …?' with the nearest name, or the list of names. */
export function suggest(word: string, names: readonly string[]): string {
  const near = [...names].sort((a, b) => distance(word, a) - distance(word, b))[0];
  if (near && distance(word, near) <= Math.max(2, word.length / 3)) return ` Did you mean "${near}"?`;
  return names.length ? ` Known: ${names.join(', ')}.` : ' It has no options.';
}

/** How many letters must change (Levenshtein), upper and lower case alike. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, x] of [...a.toLowerCase()].entries()) {
    const next = [i + 1];
    for (const [j, y] of [...b.toLowerCase()].entries())
      next.push(Math.min(row[j]! + (x === y ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
    row = next;
  }
  return row[b.length]!;
}
