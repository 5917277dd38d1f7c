import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  type _FusedMatMulInputs,
  backend_util,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type FusedConv2DInputs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { areFloat, type NativeBackend, nativeKernel, rowsOf, Session } from './native.js';
import { product } from './stock.js';

/** oneDNN's convolution with its bias added on the way: TensorFlow's `_FusedConv2D` wants a list of names instead. */
const biased = '_MklNativeConv2DWithBias';

const attributes = (strides: readonly number[], dilations: readonly number[], padding: string) => ({
  strides: [1, ...strides, 1],
  dilations: [1, ...dilations, 1],
  padding,
  data_format: 'NHWC',
  _kernel: 'MklNameChangeOp', // the label under which oneDNN's kernels are registered
});

/** Whether this TensorFlow has the operation: not on ARM, and not with TF_ENABLE_ONEDNN_OPTS=0. One pixel tells. */
export function hasBiasedConv(backend: NativeBackend): boolean {
  const s = new Session(backend);
  try {
    const one = s.float(1, [1, 1, 1, 1]);
    s.op(biased, [one, one, s.float(1, [1])], attributes([1, 1], [1, 1], 'VALID'));
    return true;
  } catch {
    return false;
  } finally {
    s.end();
  }
}

const activations: Readonly<Record<string, string | undefined>> = { relu: 'Relu', relu6: 'Relu6', elu: 'Elu' };

const isEmpty = ({ shape }: TensorInfo) => util.sizeFromShape(shape) === 0;

/** Convolution and bias in one pass; tfjs-node reads and writes the whole map again to add the bias. */
export const fusedConv2d = nativeKernel<FusedConv2DInputs, FusedConv2DAttrs>(
  FusedConv2D,
  ({ x, filter, bias }, s, { strides, pad, dilations, dataFormat, dimRoundingMode, activation }) => {
    const known = activation === 'linear' || activations[activation];
    if (!known || !bias || !areFloat(x, filter, bias) || isEmpty(x) || dataFormat !== 'NHWC') return undefined;
    const info = backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number, number],
      strides,
      dilations,
      pad,
      dimRoundingMode,
      false,
      'channelsLast',
    );
    const padding = info.padInfo.type;
    if (bias.shape.length !== 1 || bias.shape[0] !== info.outChannels || !['SAME', 'VALID'].includes(padding))
      return undefined; // one bias for all channels, or explicit padding
    const attrs = attributes([info.strideHeight, info.strideWidth], [info.dilationHeight, info.dilationWidth], padding);
    const y = s.op(biased, [s.read(x), s.read(filter), s.read(bias)], attrs);
    const operation = activations[activation];
    return s.give(operation ? s.op(operation, [y]) : y);
  },
);

/** A map of about `rows` pixels' sides, which oneDNN's blocks fit better than one long row (by a twentieth). */
function sides(rows: number): [height: number, width: number] {
  let width = Math.floor(Math.sqrt(rows));
  while (rows % width) width--;
  return [rows / width, width];
}

/** Below so many results the three reshapes cost more than the pass over the result that they save. */
const worthwhile = 2 ** 17;

/** A product with a bias as a convolution of 1 × 1: as fast as the product alone, and the bias costs no pass of its own. */
export const fusedMatMulByConv = nativeKernel<_FusedMatMulInputs, _FusedMatMulAttrs>(
  _FusedMatMul,
  ({ a, b, bias, preluActivationWeights }, s, attrs) => {
    const { transposeA, transposeB, activation } = attrs;
    if (!bias || !areFloat(a, b, bias) || activation !== 'linear' || preluActivationWeights) return undefined;
    const [rows, inputs] = rowsOf(a);
    const outputs = b.shape.at(-1)!;
    const plain = !transposeA && !transposeB && b.shape.slice(0, -2).every((batch) => batch === 1);
    const biasOfRow = bias.shape.length === 1 && bias.shape[0] === outputs;
    if (!plain || !biasOfRow || rows * outputs < worthwhile) return product({ a, b, bias }, s, attrs);
    const x = s.read(a, [1, ...sides(rows), inputs]);
    const filter = s.read(b, [1, 1, inputs, outputs]);
    const y = s.op(biased, [x, filter, s.read(bias)], attributes([1, 1], [1, 1], 'VALID'));
    return s.give(y, [...a.shape.slice(0, -1), outputs]);
  },
);

/** Whether a convolution is one product of a matrix of pixels: 1 × 1, every pixel, no padding. */
function isProduct(
  [h, w]: readonly number[],
  { strides, pad, dataFormat }: Pick<Conv2DBackpropInputAttrs, 'strides' | 'pad' | 'dataFormat'>,
): boolean {
  const steps = typeof strides === 'number' ? [strides] : strides;
  const unpadded = pad === 'same' || pad === 'valid' || pad === 0;
  return h === 1 && w === 1 && steps.every((step) => step === 1) && unpadded && dataFormat === 'NHWC';
}

/** Of 1 × 1 convolutions as a product, half as long as oneDNN's (32² × 256 → 1024: 5 ms of processor for 9). */
export const convBackpropInput = nativeKernel<Conv2DBackpropInputInputs, Conv2DBackpropInputAttrs>(
  Conv2DBackpropInput,
  ({ dy, filter }, s, attrs) => {
    if (!areFloat(dy, filter) || isEmpty(dy) || !isProduct(filter.shape, attrs)) return undefined;
    const [, , inputs, outputs] = filter.shape as [number, number, number, number];
    const [rows] = rowsOf(dy);
    const product = s.batchMatMul(s.read(dy, [rows, outputs]), s.read(filter, [inputs, outputs]), false, true);
    return s.give(product, attrs.inputShape);
  },
);

/** The same of the filter's gradient. */
export const convBackpropFilter = nativeKernel<Conv2DBackpropFilterInputs, Conv2DBackpropFilterAttrs>(
  Conv2DBackpropFilter,
  ({ x, dy }, s, attrs) => {
    const { filterShape } = attrs;
    if (!areFloat(x, dy) || isEmpty(dy) || !isProduct(filterShape, attrs)) return undefined;
    const [, , inputs, outputs] = filterShape;
    const [rows] = rowsOf(dy);
    return s.give(s.batchMatMul(s.read(x, [rows, inputs]), s.read(dy, [rows, outputs]), true), filterShape);
  },
);
