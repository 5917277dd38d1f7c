import { efficientnetLite } from '@gss/efficientnet';
import { ftwPaper } from '@gss/posterior';
import {
  type BackboneConfig,
  backboneChannels,
  backboneVariants,
  createSegmenter,
  forward,
  type GssModelConfig,
  type ModelParams,
  modelSpec,
  network,
  networkSpec,
  openSegmenter,
} from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import {
  createRng,
  createTraining,
  initParams,
  isLeaf,
  leavesOf,
  mapTree,
  namedTensors,
  type Spec,
  type StoredTensor,
  stateDict,
  type Tree,
} from '@gss/tensor';
import { expectClose } from '@gss/testing';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('wasm'));

const { model: nano } = preset('nano', { classes: 3 });
const compact = { type: 'compact', config: { ...compactVariants.nano, codes: 32 } } as const;
const channels = { channels: 8, tokenChannels: 16, classifierChannels: 12, heads: 1, window: 4, depth: 1 };
const on = (backbone: BackboneConfig, more: Partial<GssModelConfig['prior']> = {}): GssModelConfig => ({
  ...nano,
  backbone,
  tokenizer: compact,
  prior: { ...nano.prior, ...channels, vocabulary: 32, features: backboneChannels(backbone), ...more },
});
const stage = (branches: readonly number[]) => ({ modules: 1, blocks: branches.map(() => 1), channels: branches });
const resnet = { ...backboneVariants['resnet-50-d8'].config, channels: [8, 12, 16, 20], depths: [2, 1, 1, 1] } as const;
const swin = { ...backboneVariants['swin-nano'].config, channels: [8, 16, 24, 32], heads: [1, 1, 1, 1], window: 4 };
const small: Readonly<Record<string, GssModelConfig>> = {
  swin: on({ type: 'swin', config: { ...swin, depths: [1, 1, 1, 1] } }, { auxiliary: 'separate', fusionSize: 3 }),
  'ResNet V1c': on({ type: 'resnet', config: { ...resnet, stemChannels: 8 } }),
  'ResNet of basic blocks': on({
    type: 'resnet',
    config: { ...resnet, block: 'basic', stemChannels: 8, deepStem: false },
  }),
  hrnet: on({
    type: 'hrnet',
    config: {
      channels: [4, 8, 16, 32],
      first: { blocks: 1, planes: 4 },
      stages: [stage([4, 8]), stage([4, 8, 16]), stage([4, 8, 16, 32])],
    },
  }),
  efficientnet: on({ type: 'efficientnet', config: efficientnetLite({ width: 0.25, depth: 0.3 }) }),
};
const plain = small.efficientnet!;
const cases: Readonly<Record<string, GssModelConfig>> = {
  ...small,
  'a twin': { ...plain, kind: 'discriminative', prior: { ...plain.prior, auxiliary: 'attended' } },
  'GSS-FT': { ...plain, ft: { channels: 6, classes: 3 } },
  'GSS-FT-W': { ...plain, ftw: { ...ftwPaper(3), channels: 8, hidden: 8, heads: 1, photo: true } },
};

/** Norms that are not what they start as: folding those would change next to nothing. Variances from ε's size on. */
function random(config: GssModelConfig): ModelParams {
  const rng = createRng(5);
  const values = (shape: number[], draw: () => number) =>
    tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw), shape);
  return mapTree(initParams(modelSpec(config), createRng(4)) as unknown as Tree<tf.Tensor>, (tensor, name) => {
    const draw = name.endsWith('running_var')
      ? () => 0.003 + rng.uniform()
      : name.endsWith('running_mean')
        ? () => rng.normal() / 4
        : undefined;
    if (!draw) return tensor;
    tensor.dispose();
    return values(tensor.shape, draw);
  }) as unknown as ModelParams;
}
const bytes = createRng(6);
const pixels = { data: Uint8Array.from({ length: 32 * 48 * 3 }, () => bytes.int(256)), width: 48, height: 32 };
const photo = () => tf.tensor4d(Float32Array.from(pixels.data), [1, 32, 48, 3]);
const dict = (config: GssModelConfig, params: ModelParams) =>
  stateDict(modelSpec(config), params as unknown as Tree<tf.Tensor>);
/** Names whose bits differ. */
const differing = (a: ReadonlyMap<string, StoredTensor>, b: ReadonlyMap<string, StoredTensor>) => {
  const bits = ({ data }: StoredTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => !bits(a.get(name)!).equals(bits(b.get(name)!)));
};
const normsOf = (spec: Spec) =>
  leavesOf(spec)
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.running_var'));
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0]!;

describe.each(Object.entries(cases))('%s', (_, config) => {
  test('a segmenter runs without a BatchNorm, and gives what its parameters give', async () => {
    const params = random(config);
    const before = await dict(config, params);
    const image = photo();
    const segmenter = createSegmenter(config, params);
    const { runtime } = segmenter;
    const own = [...namedTensors(runtime.params as unknown as Tree<tf.Tensor>).keys()];
    expect(own.filter((name) => /running_|num_batches/.test(name))).toEqual([]);
    expect(own.filter((name) => name.endsWith('.folded'))).toHaveLength(normsOf(modelSpec(config)).length);

    const expected = network(image, params, config);
    const folded = network(image, runtime.params, config);
    expectClose(folded.tokenLogits, expected.tokenLogits, 1e-5 * Math.max(1, largest(expected.tokenLogits)));
    if (expected.pixelLogits)
      expectClose(folded.pixelLogits!, expected.pixelLogits, 1e-5 * Math.max(1, largest(expected.pixelLogits)));
    const { scores } = forward(image, { ...runtime, params });
    expectClose(segmenter.forward(image).scores, scores, 1e-5 * Math.max(1, largest(scores)));

    (await segmenter.predict(pixels)).dispose();
    expect(differing(await dict(config, params), before)).toEqual([]); // whoever gave them can save or train them
    segmenter.dispose();
  });

  test('its folded norms start no kernel, and nothing is left of it', async () => {
    const base = tf.memory();
    const params = random(config);
    const image = photo();
    const kernels = async (using: ModelParams) => {
      const { kernels: run, result } = await tf.profile(() => {
        tf.dispose({ ...network(image, using, config) });
        return tf.scalar(0);
      });
      tf.dispose(result);
      return run.filter(({ name }) => name === 'Rsqrt').length;
    };
    const segmenter = createSegmenter(config, params);
    expect((await kernels(params)) - (await kernels(segmenter.runtime.params))).toBe(
      normsOf(networkSpec(config)).filter((name) => !/projection/.test(name)).length,
    );
    segmenter.dispose();
    image.dispose();
    expect(tf.memory()).toMatchObject({ numTensors: base.numTensors, numDataBuffers: base.numDataBuffers });
  });
});

test('released parameters are freed at once, and the model is smaller than before', async () => {
  const base = tf.memory();
  const params = random(plain);
  const expected = tf.tidy(() => network(photo(), params, plain).tokenLogits.dataSync());
  const before = tf.memory();
  const segmenter = createSegmenter(plain, params, { release: true });
  expect(tf.memory().numBytes).toBeLessThan(before.numBytes);
  expect(params.backbone).toMatchObject({ _bn0: { weight: { isDisposed: true } } });
  const logits = tf.tidy(() => network(photo(), segmenter.runtime.params, plain).tokenLogits.dataSync());
  expect(Math.max(...logits.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-5);
  segmenter.dispose();
  expect(tf.memory()).toMatchObject({ numTensors: base.numTensors, numDataBuffers: base.numDataBuffers });
});

test('halves are folded when they are loaded, the next model with its own norms', async () => {
  const halves = async (params: ModelParams) =>
    new Map(
      [...(await dict(plain, params))].map(([name, tensor]) => {
        if (tensor.dtype !== 'F32') return [name, tensor] as const;
        // bfloat16: the upper half of a float
        const data = new Uint16Array(
          new Uint32Array(Float32Array.from(tensor.data as Float32Array).buffer).map((bits) => bits >>> 16),
        );
        return [name, { ...tensor, dtype: 'BF16' as const, data }] as const;
      }),
    );
  const base = tf.memory().numTensors;
  const logits = [];
  for (const factor of [1, 2]) {
    const first = random(plain);
    const params = mapTree(first as unknown as Tree<tf.Tensor>, (tensor, name) =>
      name.endsWith('conv_before_seg.bn.weight') ? tf.mul(tensor, factor) : tf.clone(tensor),
    ) as unknown as ModelParams;
    tf.dispose(first as unknown as tf.TensorContainer);
    const stored = await halves(params);
    tf.dispose(params as unknown as tf.TensorContainer);
    const segmenter = openSegmenter(JSON.stringify({ ...plain, storage: 'bf16' }), stored);
    logits.push(tf.tidy(() => network(photo(), segmenter.runtime.params, plain).tokenLogits.dataSync()));
    segmenter.dispose();
  }
  expect(logits[1]).not.toEqual(logits[0]);
  expect(tf.memory().numTensors).toBe(base);
});

test('what a segmenter runs on can be neither saved nor trained', async () => {
  const segmenter = createSegmenter(plain, random(plain));
  await expect(dict(plain, segmenter.runtime.params)).rejects.toThrow(
    /their norms are folded for inference; take the parameters that foldNorms was given/,
  );
  const training = createTraining(createRng(0));
  expect(() => network(photo(), segmenter.runtime.params, plain, training)).toThrow(
    /Train the parameters as they were loaded/,
  );
  segmenter.dispose();
});

test('every norm of every preset says behind which convolution it stands', () => {
  const nodeOf = (spec: Spec, name: string) =>
    name.split('.').reduce((node, key) => (node as Readonly<Record<string, Spec>>)[key]!, spec);
  for (const name of presetNames()) {
    const spec = modelSpec(preset(name).model);
    for (const norm of normsOf(spec).map((leaf) => leaf.replace(/\.running_var$/, ''))) {
      const weight = (nodeOf(spec, norm) as { readonly weight: Spec }).weight;
      const place = isLeaf(weight) ? weight.norm : undefined;
      expect(place, `${name}: ${norm}`).toBeDefined();
      const conv = nodeOf(spec, norm.replace(/[^.]+$/, `${place!.behind}`)) as { readonly weight: Spec };
      expect(isLeaf(conv.weight) && conv.weight.leaf, `${name}: ${norm}`).toMatch(/^(kernel|depthwise)$/);
    }
  }
});
