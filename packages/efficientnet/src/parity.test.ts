import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createRng,
  createTraining,
  discardStatistics,
  loadParams,
  mapTree,
  namedTensors,
  type StoredTensor,
  stateDict,
  type Training,
  trainable,
  variablesOf,
} from '@gss/tensor';
import { type NodeBackend, selectBackend } from '@gss/tensor/node';
import { expectClose, readGolden } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  backboneWeights,
  type EfficientNetConfig,
  type EfficientNetParams,
  efficientnet,
  efficientnetClassifier,
  efficientnetClassifierSpec,
  efficientnetSpec,
} from './index.js';

// PyTorch's numbers, made by fixtures/reference.py.
const golden = readGolden('lite-odd', join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures'));
const { stages, ...sizes } = golden.manifest.config;
const config: EfficientNetConfig = {
  ...sizes,
  stages: stages.map(([repeats, kernel, stride, expand, channels]: number[]) => ({
    ...{ repeats, kernel, stride, expand, channels },
  })),
  dropPath: 0,
};
const spec = efficientnetSpec(config);
const levels = [0, 1, 2, 3];

const native = await selectBackend({ backend: 'tensorflow' }).then(
  () => true,
  (error: Error) => {
    console.log(`the native backend is left out: ${error.message.split('\n')[0]}`);
    return false;
  },
);
const backends: readonly NodeBackend[] = ['cpu', 'wasm', ...(native ? (['tensorflow'] as const) : [])];

describe.each(backends)('equals PyTorch on %s', (backend) => {
  let params: EfficientNetParams;
  beforeAll(async () => {
    await selectBackend({ backend });
    params = trainable(spec, loadParams('efficientnet', spec, backboneWeights(golden.params())));
  });
  afterAll(() => tf.disposeVariables());

  test.each([
    ['eval', undefined, false],
    ['eval', createTraining(createRng(0)), true],
    ['train', createTraining(createRng(0)), false],
  ] as const)('maps and gradients, %s mode (%#)', async (mode, training: Training | undefined, normEval) => {
    const image = golden.nhwc('input.image');
    const loss = (x: tf.Tensor4D) => {
      const maps = efficientnet(x, params, { ...config, normEval }, training);
      for (const i of levels) expectClose(maps[i]!, golden.nhwc(`output.${mode}.${i}`), 1e-5, 2e-5);
      return levels
        .map((i) => tf.mean(tf.mul(maps[i]!, golden.nhwc(`cotangent.${i}`))))
        .reduce((a, b) => tf.add(a, b)) as tf.Scalar;
    };
    expectClose(tf.grad((x) => loss(x as tf.Tensor4D))(image), golden.nhwc(`grad.${mode}.image`), 1e-6, 1e-4);
    const { grads } = tf.variableGrads(() => loss(image));
    const named = mapTree(params, (tensor) => (tensor instanceof tf.Variable ? grads[tensor.name]! : tensor));
    const stored = await stateDict(spec, named);
    const names = [...variablesOf(params).keys()];
    expect(names).toHaveLength([...golden.tensors.keys()].filter((key) => key.startsWith('grad.eval.')).length - 1);
    for (const name of names)
      expectClose(stored.get(name)!.data as Float32Array, data(`grad.${mode}.${name}`), 1e-6, 1e-4);
    if (mode === 'eval' && training) expect(training.statistics.size).toBe(0);
    if (training) discardStatistics(training);
  });

  test('the running statistics after one step', () => {
    const training = createTraining(createRng(0));
    tf.dispose([...efficientnet(golden.nhwc('input.image'), params, config, training)]);
    const copy = mapTree(params, (tensor) => tensor) as EfficientNetParams;
    const keep = new Map([...training.statistics].map(([old, value]) => [old, value]));
    for (const [name, tensor] of namedTensors(copy))
      if (/running/.test(name)) expectClose(keep.get(tensor)!, data(`output.updated.${name}`), 1e-6, 1e-5);
    discardStatistics(training);
  });

  test('the classifier', () => {
    const whole = loadParams(
      'efficientnet',
      efficientnetClassifierSpec(config, golden.manifest.classes),
      golden.params(),
    );
    const logits = efficientnetClassifier(golden.nhwc('input.image'), whole, config);
    expectClose(logits, golden.tensor('output.eval.logits'), 1e-5, 1e-5);
  });
});

function data(name: string): Float32Array {
  return (golden.tensors.get(name) as StoredTensor).data as Float32Array;
}
