/** The strides of a row-major tensor: [2, 3, 4] → [12, 4, 1]. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i] as number;
  }
  return strides;
}

/** Whether the elements lie in row-major order without gaps. Strides of sizes 0 and 1 do not matter. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  const expected = rowMajorStrides(shape);
  return shape.every((size, i) => size === 1 || strides[i] === expected[i]);
}

/** Elements between the first and the last of a view, both counted; 0 for an empty one. NaN-free only for sane input. */
export function spanOf(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, size, i) => span + (size - 1) * (strides[i] as number), 1);
}

/**
 * Copies a strided view into row-major order, bit by bit (numbers would lose the payload of a NaN).
 * @param bytes the view's memory from its first element on.
 * @param size bytes of an element: 1, 2, 4 or 8.
 */
export function gather(
  bytes: Uint8Array,
  size: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const word = Math.min(size, 4);
  const WordArray = word === 1 ? Uint8Array : word === 2 ? Uint16Array : Uint32Array;
  const aligned = bytes.byteOffset % word === 0 ? bytes : new Uint8Array(bytes);
  const from = new WordArray(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / word);
  const perElement = size / word;
  // Eight bytes are two words: one more axis.
  const sizes = perElement === 1 ? [...shape] : [...shape, perElement];
  const steps = perElement === 1 ? [...strides] : [...strides.map((stride) => stride * perElement), 1];
  const count = sizes.reduce((a, b) => a * b, 1);
  const to = new WordArray(count);
  const inner = sizes.pop() ?? 1;
  const step = steps.pop() ?? 1;
  const index = new Array<number>(sizes.length).fill(0);
  let start = 0;
  for (let at = 0; at < count; at += inner) {
    for (let i = 0; i < inner; i++) to[at + i] = from[start + i * step] as number;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      start += steps[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (sizes[axis] as number)) break;
      start -= (steps[axis] as number) * (sizes[axis] as number);
      index[axis] = 0;
    }
  }
  return new Uint8Array(to.buffer);
}
