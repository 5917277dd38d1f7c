import * as tf from '@tensorflow/tfjs-core';
import { type ShapeBackend, sizeOf } from './shape-backend.js';

type Shape = readonly number[];
type Attributes = Readonly<Record<string, unknown>>;
type Kernel = (
  inputs: readonly tf.TensorInfo[],
  attributes: Attributes,
  backend: ShapeBackend,
) => tf.TensorInfo | tf.TensorInfo[];

const { backend_util: util, slice_util: slices } = tf;
const axesOf = (axis: unknown, rank: number): number[] =>
  tf.util.parseAxisParam(axis as number | number[], Array(rank).fill(1));

const like: Kernel = ([x], _, backend) => backend.output(x!.shape, x!.dtype);
const shared: Kernel = ([x], _, backend) => backend.view(x!);
const broadcast =
  (dtype?: tf.DataType): Kernel =>
  (inputs, _, backend) => {
    const shape = inputs.map((x) => x.shape).reduce((a, b) => util.assertAndGetBroadcastShape(a, b));
    return backend.output(shape, dtype ?? inputs.at(-1)!.dtype);
  };
const reduced =
  (dtype?: tf.DataType): Kernel =>
  ([x], { axis, keepDims }, backend) => {
    const axes = axesOf(axis, x!.shape.length);
    const [shape] = util.computeOutAndReduceShapes(x!.shape, axes);
    return backend.output(keepDims ? util.expandShapeToKeepDim(shape, axes) : shape, dtype ?? x!.dtype);
  };
const resized: Kernel = ([x], { size }, backend) => {
  const [h, w] = size as [number, number];
  return backend.output([x!.shape[0]!, h, w, x!.shape[3]!]);
};
type Shape4 = [number, number, number, number];
/** Attributes that convolutions and pools have. */
interface Sliding {
  readonly filterSize: [number, number];
  readonly strides: number | [number, number];
  readonly dilations?: number | [number, number];
  readonly pad: number | 'same' | 'valid';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
const slidingOf = (attributes: Attributes) => attributes as unknown as Sliding;

const pooled: Kernel = ([x], attributes, backend) => {
  const { filterSize, strides, pad, dimRoundingMode } = slidingOf(attributes);
  return backend.output(
    util.computePool2DInfo(x!.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode).outShape,
  );
};
const convolved =
  (depthwise: boolean): Kernel =>
  ([x, filter], attributes, backend) => {
    const { strides, dilations = 1, pad, dimRoundingMode } = slidingOf(attributes);
    const shapes = [x!.shape, filter!.shape] as [Shape4, Shape4];
    const { outShape } = util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode, depthwise);
    const [kh, kw, inputs] = shapes[1];
    backend.multiplyAdds += sizeOf(outShape) * kh * kw * (depthwise ? 1 : inputs);
    return backend.output(outShape);
  };

const matMul: Kernel = ([a, b], { transposeA, transposeB }, backend) => {
  const [rows, inner] = lastTwo(a!.shape, transposeA === true);
  const [, columns] = lastTwo(b!.shape, transposeB === true);
  const batch = util.assertAndGetBroadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
  backend.multiplyAdds += sizeOf(batch) * rows * inner * columns;
  return backend.output([...batch, rows, columns]);
};
function lastTwo(shape: Shape, transposed: boolean): [number, number] {
  const [r, c] = shape.slice(-2) as [number, number];
  return transposed ? [c, r] : [r, c];
}

const concatenated: Kernel = (inputs, { axis }, backend) => {
  const at = axesOf(axis, inputs[0]!.shape.length)[0]!;
  return backend.output(
    util.computeOutShape(
      inputs.map((x) => x.shape),
      at,
    ),
    inputs[0]!.dtype,
  );
};
const split: Kernel = ([x], { numOrSizeSplits, axis }, backend) => {
  const at = axesOf(axis, x!.shape.length)[0]!;
  const sizes = util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits as number | number[], at);
  return sizes.map((size) => backend.output(replaced(x!.shape, at, [size]), x!.dtype));
};
const replaced = (shape: Shape, at: number, by: Shape) => [...shape.slice(0, at), ...by, ...shape.slice(at + 1)];

const gathered: Kernel = ([x, indices], { axis, batchDims = 0 }, backend) => {
  const at = axesOf(axis, x!.shape.length)[0]!;
  return backend.output(replaced(x!.shape, at, indices!.shape.slice(batchDims as number)), x!.dtype);
};
const sliced: Kernel = ([x], { begin, size }, backend) => {
  const [, shape] = slices.parseSliceParams(x as tf.Tensor, begin as number[], size as number[]);
  return backend.output(shape, x!.dtype);
};
const padded: Kernel = ([x], { paddings }, backend) => {
  const sides = paddings as readonly (readonly [number, number])[];
  return backend.output(
    x!.shape.map((size, i) => size + sides[i]![0] + sides[i]![1]),
    x!.dtype,
  );
};
const expanded: Kernel = ([x], { dim }, backend) => {
  const at = (dim as number) < 0 ? x!.shape.length + 1 + (dim as number) : (dim as number);
  return backend.view(x!, [...x!.shape.slice(0, at), 1, ...x!.shape.slice(at)]);
};
const reshaped: Kernel = ([x], { shape }, backend) =>
  backend.view(x!, tf.util.inferFromImplicitShape(shape as number[], sizeOf(x!.shape)));

const many = (names: string, kernel: Kernel) => names.split(' ').map((name) => [name, kernel] as const);

/** What a kernel makes of its inputs' shapes, for every kernel that an inference of ours runs. */
export const kernelShapes: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  ...many('Relu Relu6 LeakyRelu Exp Log Neg Square Sqrt Rsqrt Sigmoid Tanh Erf Abs Floor Round ClipByValue', like),
  ...many('Softmax LogSoftmax Reverse ZerosLike OnesLike Step Softplus Elu LogicalNot', like),
  ...many('Add Sub Multiply RealDiv FloorDiv Maximum Minimum Mod Pow SquaredDifference AddN', broadcast()),
  ...many('Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr', broadcast('bool')),
  ...many('Sum Mean Max Min Prod', reduced()),
  ...many('ArgMax ArgMin', reduced('int32')),
  ...many('ResizeBilinear ResizeNearestNeighbor', resized),
  ...many('MaxPool AvgPool', pooled),
  ['Select', ([condition, t, e], _, backend) => broadcast(t!.dtype)([condition!, t!, e!], _, backend)],
  ...many('Conv2D FusedConv2D', convolved(false)),
  ...many('DepthwiseConv2dNative FusedDepthwiseConv2D', convolved(true)),
  ...many('BatchMatMul _FusedMatMul', matMul),
  ['Concat', concatenated],
  ['SplitV', split],
  ['GatherV2', gathered],
  ['Slice', sliced],
  ['PadV2', padded],
  ['ExpandDims', expanded],
  ['Reshape', reshaped],
  ['Identity', shared],
  [
    'Cast',
    ([x], { dtype }, backend) =>
      x!.dtype === dtype ? backend.view(x!) : backend.output(x!.shape, dtype as tf.DataType),
  ],
  [
    'Transpose',
    ([x], { perm }, backend) =>
      backend.output(
        (perm as number[]).map((i) => x!.shape[i]!),
        x!.dtype,
      ),
  ],
  [
    'Tile',
    ([x], { reps }, backend) =>
      backend.output(
        x!.shape.map((size, i) => size * (reps as number[])[i]!),
        x!.dtype,
      ),
  ],
  ['OneHot', ([x], { depth }, backend) => backend.output([...x!.shape, depth as number])],
  ['Fill', (_, { shape, dtype }, backend) => backend.output(shape as number[], (dtype as tf.DataType) ?? 'float32')],
  [
    'Pack',
    (inputs, { axis }, backend) => {
      const [first] = inputs as [tf.TensorInfo];
      const at = axesOf(axis, first.shape.length + 1)[0]!;
      return backend.output([...first.shape.slice(0, at), inputs.length, ...first.shape.slice(at)], first.dtype);
    },
  ],
  [
    'Unpack',
    ([x], { axis }, backend) => {
      const at = axesOf(axis, x!.shape.length)[0]!;
      return Array.from({ length: x!.shape[at]! }, () => backend.output(replaced(x!.shape, at, []), x!.dtype));
    },
  ],
]);
