import { CheckpointError, type DType, fromFloat32, quantizeRows, scaleSuffix, toFloat32 } from '@gss/checkpoint';
import {
  type Leaf,
  leavesOf,
  type Spec,
  type StoredTensor,
  storedShape,
  WeightsError,
  type WeightsProblem,
} from '@gss/tensor';
import type { StorageType } from '../storage.js';

/** Rows shorter than this are not quantised: their scales would cost more than they save. */
const shortestRow = 8;

const stored: Readonly<Record<StorageType, DType>> = { f32: 'F32', f16: 'F16', bf16: 'BF16', int8: 'I8' };

/**
 * In what type a parameter is stored. Matrices, convolution kernels and tables convert: they are nearly all of a model,
 * and errors of their many numbers average out. Biases and norms (vectors), running statistics and counters (buffers)
 * stay as they are, as do with int8 rows of fewer than 8 numbers.
 */
export function storedType(leaf: Leaf, storage: StorageType): DType {
  if (leaf.dtype === 'int32') return 'I64';
  if (leaf.leaf === 'vector' || leaf.leaf === 'buffer') return 'F32';
  const row = storedShape(leaf)
    .slice(1)
    .reduce((n, side) => n * side, 1);
  return storage === 'int8' && row < shortestRow ? 'F32' : stored[storage];
}

/** A tensor to be stored whose numbers are made when its turn has come. */
export interface PackedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: () => Promise<StoredTensor['data']>;
}

/**
 * The parameters of a spec as they are stored: with `int8` every quantised `NAME` is I8 values and `NAME.scale`.
 * `read(name)` gives a parameter in any float type; it is called once or (int8) twice, when the data is asked for.
 * @param names which parameters there are; the spec's optional ones may be left out.
 * @throws WeightsError that lists names missing and unexpected. The data functions throw CheckpointError for numbers that
 * the type cannot hold.
 */
export function packWeights(
  spec: Spec,
  storage: StorageType,
  names: ReadonlySet<string>,
  read: (name: string) => Promise<StoredTensor>,
  label = 'packWeights',
): Map<string, PackedTensor> {
  const leaves = leavesOf(spec);
  const known = new Set(leaves.map(({ name }) => name));
  const problems: WeightsProblem[] = [
    ...leaves.flatMap(({ name, leaf }) =>
      names.has(name) || leaf.optional ? [] : [{ kind: 'missing' as const, name, detail: `[${storedShape(leaf)}]` }],
    ),
    ...[...names].flatMap((name) => (known.has(name) ? [] : [{ kind: 'unexpected' as const, name, detail: '' }])),
  ];
  if (problems.length) throw new WeightsError(label, problems, leaves.length);
  const packed = new Map<string, PackedTensor>();
  for (const { name, leaf } of leaves) {
    if (!names.has(name)) continue;
    const shape = storedShape(leaf);
    const dtype = storedType(leaf, storage);
    const floats = async () => {
      const tensor = await read(name);
      if (`${tensor.shape}` !== `${shape}`)
        throw new WeightsError(
          label,
          [{ kind: 'shape', name, detail: `expected [${shape}], got [${tensor.shape}]` }],
          leaves.length,
        );
      return toFloat32(tensor);
    };
    if (dtype === 'I8') {
      const quantized = async () => quantizeRows(await floats(), shape, name);
      packed.set(name, { dtype, shape, data: async () => (await quantized()).values.data });
      packed.set(name + scaleSuffix, {
        dtype: 'F32',
        shape: [shape[0] as number],
        data: async () => (await quantized()).scale.data,
      });
    } else if (dtype === 'I64')
      packed.set(name, { dtype, shape, data: async () => fromFloat32(await floats(), dtype) });
    else packed.set(name, { dtype, shape, data: async () => narrow(await floats(), dtype, name) });
  }
  return packed;
}

/** float32 numbers in a float type; refuses what would become infinite in half precision. */
function narrow(data: Float32Array, dtype: DType, tensor: string): StoredTensor['data'] {
  if (dtype === 'F16') {
    const wrong = data.findIndex((value) => Math.abs(value) >= 65520);
    if (wrong >= 0)
      throw new CheckpointError(
        `expected numbers within ±65504 for fp16, got ${data[wrong]} at index ${wrong}. Store the model as bf16, int8 or f32.`,
        { tensor },
      );
  }
  return fromFloat32(data, dtype);
}
