import { type Leaf, leafSize } from './spec.js';

/** Moves axes of a dense array: axis i of the result is axis `order[i]` of the input. One typed-array pass. */
export function permute<T extends Float32Array | Int32Array>(
  data: T,
  shape: readonly number[],
  order: readonly number[],
): T {
  const rank = shape.length;
  const strides = new Array<number>(rank).fill(1);
  for (let i = rank - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  const out = data.slice() as T;
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const index = new Array<number>(rank).fill(0);
  const inner = sizes[rank - 1]!;
  const innerStep = steps[rank - 1]!;
  for (let o = 0, from = 0; o < out.length; ) {
    for (let i = 0; i < inner; i++) out[o++] = data[from + i * innerStep]!;
    for (let axis = rank - 2; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Axis order from memory to storage, per leaf kind: HWIO → OIHW, HWC1 → C1HW, [in, out] → [out, in]. */
const toStored: Partial<Record<Leaf['leaf'], readonly number[]>> = {
  matrix: [1, 0],
  kernel: [3, 2, 0, 1],
  depthwise: [2, 3, 0, 1],
};
const toMemory: Partial<Record<Leaf['leaf'], readonly number[]>> = {
  matrix: [1, 0],
  kernel: [2, 3, 1, 0],
  depthwise: [2, 3, 0, 1],
};

/** Shape of a leaf in a checkpoint. */
export function storedShape({ leaf, shape }: Leaf): number[] {
  const order = toStored[leaf];
  return order ? order.map((axis) => shape[axis]!) : [...shape];
}

export function fromStoredLayout<T extends Float32Array | Int32Array>(leaf: Leaf, data: T): T {
  const order = toMemory[leaf.leaf];
  return order && leafSize(leaf) > 0 ? permute(data, storedShape(leaf), order) : data;
}

export function toStoredLayout<T extends Float32Array | Int32Array>(leaf: Leaf, data: T): T {
  const order = toStored[leaf.leaf];
  return order && leafSize(leaf) > 0 ? permute(data, leaf.shape, order) : data;
}
