import type { LabelMap } from '../types.js';
import { cropLabels, gridPositions } from './crop.js';
import { flipLabels, padLabels, reduceZeroLabel } from './flip-pad.js';
import { rescaleSize, type Size } from './geometry.js';
import { resizeLabels } from './resize.js';
import { parseTransforms, type TransformSpec } from './specs.js';

/** Why a step gives labels of too many kinds to keep, or undefined where their number is small. */
function unbounded(step: TransformSpec): string | undefined {
  if (step.type === 'Resize' && step.ratioRange && step.ratioRange[0] !== step.ratioRange[1])
    return `Resize draws its scale from ${step.ratioRange.join('…')}; give one scale, such as [1, 1]`;
  if (step.type === 'RandomRotate' && (step.prob ?? 0.5) > 0) return 'RandomRotate draws its angle; leave it out';
  return undefined;
}

/**
 * Whether a pipeline makes only a few label maps of each sample of this size (both flips, the crops of a grid, the whole
 * picture): what is computed of them, such as tokens, is then worth keeping. Undefined if so, else the reason why not.
 */
export function whyNotFixed(specs: readonly TransformSpec[], picture: Size): string | undefined {
  let size: Size = picture;
  for (const step of parseTransforms(specs)) {
    const reason = unbounded(step);
    if (reason) return reason;
    if (step.type === 'Resize') size = resized(step, size);
    if (step.type !== 'RandomCrop') continue;
    if (step.stride === undefined && (step.width < size.width || step.height < size.height))
      return `RandomCrop cuts ${step.width}×${step.height} anywhere out of ${size.width}×${size.height}; give it a stride, or the picture's size`;
    size = { width: Math.min(size.width, step.width), height: Math.min(size.height, step.height) };
  }
  return undefined;
}

/**
 * Every label map that a pipeline can make of one: both flips where `RandomFlip` may turn either way, each crop of a grid
 * (whatever `catMaxRatio` would refuse included).
 * @throws RangeError for a pipeline that draws from too many (see `whyNotFixed`).
 */
export function enumerateLabels(specs: readonly TransformSpec[], labels: LabelMap): LabelMap[] {
  const reason = whyNotFixed(specs, labels);
  if (reason) throw new RangeError(`enumerateLabels: the label maps cannot be listed: ${reason}.`);
  return specs.reduce((maps, step) => maps.flatMap((map) => outcomes(step, map)), [labels]);
}

type ResizeStep = Extract<TransformSpec, { type: 'Resize' }>;

function resized({ width, height, ratioRange: [ratio] = [1, 1], keepRatio }: ResizeStep, size: Size): Size {
  const scale = { width: Math.floor(width * ratio), height: Math.floor(height * ratio) };
  return keepRatio === false ? scale : rescaleSize(size, scale);
}

function outcomes(step: TransformSpec, map: LabelMap): LabelMap[] {
  switch (step.type) {
    case 'Resize': {
      const to = resized(step, map);
      return [to.width === map.width && to.height === map.height ? map : resizeLabels(map, to)];
    }
    case 'RandomCrop': {
      const width = Math.min(step.width, map.width);
      const height = Math.min(step.height, map.height);
      if (width === map.width && height === map.height) return [map];
      const stride = step.stride ?? 1; // without one the crop spans the picture: whyNotFixed saw to that
      return gridPositions(map.height, height, stride).flatMap((y) =>
        gridPositions(map.width, width, stride).map((x) => cropLabels(map, { x, y, width, height })),
      );
    }
    case 'RandomFlip': {
      const prob = step.prob ?? 0.5;
      return [...(prob < 1 ? [map] : []), ...(prob > 0 ? [flipLabels(map)] : [])];
    }
    case 'Pad': {
      const up = (edge: number) => Math.ceil(edge / (step.sizeDivisor ?? 1)) * (step.sizeDivisor ?? 1);
      return [padLabels(map, { width: step.width ?? up(map.width), height: step.height ?? up(map.height) })];
    }
    case 'ReduceZeroLabel':
      return [reduceZeroLabel(map)];
    default:
      return [map];
  }
}
