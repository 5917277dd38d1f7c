import { mapSpec, type ParamsOf, type Spec } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { kernelShapes } from './kernel-shapes.js';
import { ShapeBackend } from './shape-backend.js';

const name = 'shapes';

/** What one computation costs. */
export interface Cost {
  readonly multiplyAdds: number;
}

/** A place where models run without being computed. */
export interface Shapes {
  /** Multiply-adds of what `run` does; its result lives on. */
  cost<T>(run: () => T): readonly [T, Cost];
  /** A tensor of a shape. */
  tensor<T extends tf.Tensor>(shape: readonly number[], dtype?: tf.DataType): T;
  /** Parameters of a spec, without memory. */
  params<const S extends Spec>(spec: S): ParamsOf<S>;
  /** The most bytes that were alive at once since `body` began, parameters included. */
  peak(): number;
}

const fresh = (backend: ShapeBackend, shape: readonly number[], dtype: tf.DataType = 'float32') =>
  tf.engine().makeTensorFromTensorInfo(backend.output(shape, dtype));

/** Inputs in their order; absent ones, such as the bias of a fused kernel, are left out. */
const given = (inputs: tf.NamedTensorInfoMap): tf.TensorInfo[] =>
  Object.values(inputs)
    .flat()
    .filter((x) => x !== undefined && x !== null);

/** Runs `body` with shapes in place of numbers; the backend of before is the backend afterwards. */
export async function withShapes<T>(body: (shapes: Shapes) => T): Promise<T> {
  const before = tf.engine().backendName;
  const backend = new ShapeBackend();
  tf.registerBackend(name, () => backend, 0);
  const kernels = [...kernelShapes].map(([kernelName, kernel]) => {
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs }) =>
      kernel(given(inputs), (attrs ?? {}) as Record<string, unknown>, backend);
    return { kernelName, backendName: name, kernelFunc };
  });
  for (const kernel of kernels) tf.registerKernel(kernel);
  try {
    await tf.setBackend(name);
    let result: { readonly value: T } | undefined;
    tf.tidy(() => {
      result = { value: body(shapesOn(backend)) };
    });
    return result!.value;
  } finally {
    for (const { kernelName } of kernels) tf.unregisterKernel(kernelName, name);
    if (before) await tf.setBackend(before);
    tf.removeBackend(name);
  }
}

const shapesOn = (backend: ShapeBackend): Shapes => ({
  cost(run) {
    const start = backend.multiplyAdds;
    return [run(), { multiplyAdds: backend.multiplyAdds - start }];
  },
  tensor: <T extends tf.Tensor>(shape: readonly number[], dtype?: tf.DataType) => fresh(backend, shape, dtype) as T,
  params: <const S extends Spec>(spec: S) =>
    mapSpec(spec, (leaf) => fresh(backend, leaf.shape, leaf.dtype)) as unknown as ParamsOf<S>,
  peak: () => backend.peak,
});
