/** Class ids of the pixels in row-major order. */
export type LabelArray =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

/** A label map that knows its size; structurally the `LabelMap` of `@gss/maskige`. */
export interface LabelMap {
  readonly data: LabelArray;
  readonly width: number;
  readonly height: number;
}

/** What the pixel-wise metrics take: the bare ids, or a map with its size. */
export type Labels = LabelArray | LabelMap;

const isArray = (labels: Labels): labels is LabelArray => ArrayBuffer.isView(labels);

/**
 * The ids of `labels`, checked.
 * @throws TypeError if it is neither a typed array of integers nor a map
 * @throws RangeError if a map's data does not have width · height entries
 */
export function labelData(who: string, name: string, labels: Labels): LabelArray {
  if (isArray(labels)) {
    checkInteger(who, name, labels);
    return labels;
  }
  return checkedMap(who, name, labels).data;
}

/** A map whose size fits its data; the error names what does not fit. */
export function checkedMap(who: string, name: string, map: LabelMap): LabelMap {
  if (map === null || typeof map !== 'object' || !ArrayBuffer.isView(map.data)) {
    throw new TypeError(
      `${who}: ${name} must be an integer typed array or { data, width, height }, got ${typeof map}.`,
    );
  }
  checkInteger(who, name, map.data);
  const { data, width, height } = map;
  if (
    !Number.isInteger(width) ||
    !Number.isInteger(height) ||
    width < 0 ||
    height < 0 ||
    width * height !== data.length
  ) {
    throw new RangeError(
      `${who}: ${name} has ${data.length} pixels, expected width · height = ${width} · ${height}. One id per pixel, without padding.`,
    );
  }
  return map;
}

/** The two maps must have as many pixels, and the same size where both know theirs. */
export function checkSameSize(who: string, prediction: Labels, truth: Labels): void {
  const p = isArray(prediction) ? prediction.length : prediction.data.length;
  const t = isArray(truth) ? truth.length : truth.data.length;
  const differ = !isArray(prediction) && !isArray(truth) && prediction.width !== truth.width;
  if (p === t && !differ) return;
  const size = (labels: Labels) => (isArray(labels) ? `${labels.length}` : `${labels.width}x${labels.height}`);
  throw new RangeError(
    `${who}: prediction has ${size(prediction)} pixels, truth has ${size(truth)}. Resize the prediction to the size of the truth first.`,
  );
}

function checkInteger(who: string, name: string, data: ArrayBufferView): void {
  if (
    data instanceof Uint8Array ||
    data instanceof Int32Array ||
    data instanceof Uint16Array ||
    data instanceof Uint8ClampedArray ||
    data instanceof Int16Array ||
    data instanceof Uint32Array ||
    data instanceof Int8Array
  ) {
    return;
  }
  throw new TypeError(
    `${who}: ${name} must be a typed array of integers (Uint8Array, Uint16Array, Int32Array, …), got ${data.constructor.name}. Class ids are integers.`,
  );
}
