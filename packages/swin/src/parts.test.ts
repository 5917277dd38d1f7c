import { createRng, initParams, loadParams, type StoredTensor, stateDict, storedToFloat32 } from '@gss/tensor';
import { expectClose, expectNoLeak, readGolden } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  fitWindow,
  fromMicrosoft,
  fromTimm,
  patchEmbed,
  patchEmbedSpec,
  patchMerging,
  patchMergingSpec,
  resizePositionTable,
  type SwinConfig,
  swinBlocks,
  swinBlocksSpec,
  swinSpec,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));
const golden = readGolden('swin-parts');
const { seq, merge } = golden.manifest.parts;
const blocks = {
  dim: seq.embed_dims,
  heads: seq.num_heads,
  window: seq.window_size,
  hidden: seq.feedforward_channels,
  depth: seq.depth,
};
const mapOf = (name: string, [H, W]: readonly [number, number]) => {
  const tokens = golden.tensor(name);
  return tf.reshape(tokens, [tokens.shape[0]!, H, W, tokens.shape[2]!]) as tf.Tensor4D;
};

describe('swinBlocks', () => {
  const params = () => loadParams('swinBlocks', swinBlocksSpec(blocks), golden.params('seq.param.'));

  test.each(['exact', 'small', 'equal'])('equals mmsegmentation on the %s map', (size) => {
    const x = mapOf(`seq.input.${size}`, seq[size]);
    expectClose(swinBlocks(x, params(), blocks), golden.tensor(`seq.output.${size}`), 1e-5);
  });

  test('leaks no tensor, also without any block', () => {
    const p = params();
    const x = mapOf('seq.input.small', seq.small);
    expectNoLeak(() => swinBlocks(x, p, blocks));
    expectNoLeak(() => swinBlocks(x, { blocks: [] }, { ...blocks, depth: 0 }));
    expect(x.isDisposed).toBe(false);
  });
});

describe('patchMerging', () => {
  test('equals mmsegmentation on an odd map', () => {
    const spec = patchMergingSpec({ inputs: merge.in_channels, outputs: merge.out_channels });
    const params = loadParams('patchMerging', spec, golden.params('merge.param.'));
    expectClose(patchMerging(mapOf('merge.input.x', merge.hw), params), golden.tensor('merge.output'), 1e-5);
  });

  test('without norm it is the reduction of the four neighbours', () => {
    const spec = patchMergingSpec({ inputs: 1, outputs: 1, norm: false });
    const params = {
      ...initParams(spec, createRng(0)),
      reduction: { weight: tf.tensor2d([[1], [10], [100], [1000]]) },
    };
    const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    expect([...patchMerging(x, params).dataSync()]).toEqual([4321]);
  });
});

test('patchEmbed pads right and bottom with zeros', () => {
  const config = { outputs: 1, patch: 2, norm: false };
  const params = { projection: { weight: tf.ones([2, 2, 3, 1]) as tf.Tensor4D, bias: tf.zeros([1]) as tf.Tensor1D } };
  expect(Object.keys(patchEmbedSpec(config))).toEqual(['projection']);
  const y = patchEmbed(tf.ones([1, 3, 3, 3]) as tf.Tensor4D, params, config);
  expect([...y.dataSync()]).toEqual([12, 6, 6, 3]);
});

describe('relative position tables', () => {
  test.each(['12to7', '4to6', '6to4'])('resize as PyTorch bicubic (%s)', (sizes) => {
    const expected = golden.tensors.get(`relpos.output.${sizes}`)!;
    const resized = resizePositionTable(golden.tensors.get(`relpos.input.${sizes}`)!, expected.shape[0]!);
    expect(resized.shape).toEqual(expected.shape);
    expectClose(storedToFloat32(resized), storedToFloat32(expected), 5e-6);
  });

  test('a table that is no square is refused', () => {
    const table: StoredTensor = { dtype: 'F32', shape: [45, 1], data: new Float32Array(45) };
    expect(() => resizePositionTable(table, 169)).toThrow(/45 → 169 rows are not both squares/);
  });

  test('fitWindow makes weights of window 4 load into window 6', async () => {
    const config = (window: number): SwinConfig => ({
      channels: [4, 8],
      depths: [1, 2],
      heads: [1, 2],
      window,
      mlpRatio: 2,
      dropPath: 0,
    });
    const from = swinSpec(config(4));
    const weights = await stateDict(from, initParams(from, createRng(1)));
    const spec = swinSpec(config(6));
    expect(() => loadParams('swin', spec, weights)).toThrow(
      /relative_position_bias_table expected \[121,1\], got \[49,1\]/,
    );
    const params = loadParams('swin', spec, fitWindow(weights, 6));
    expect(params.stages[0]!.blocks[0]!.attn.w_msa.relative_position_bias_table.shape).toEqual([121, 1]);
    expect(fitWindow(weights, 4)).toEqual(weights);
  });
});

describe('converters', () => {
  const f32 = (shape: number[], first = 0): StoredTensor => ({
    dtype: 'F32',
    shape,
    data: Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => first + i),
  });
  const microsoft = new Map<string, StoredTensor>([
    ['patch_embed.proj.weight', f32([2, 3, 4, 4])],
    ['layers.0.blocks.0.norm1.weight', f32([2])],
    ['layers.0.blocks.0.attn.qkv.weight', f32([6, 2])],
    ['layers.0.blocks.0.mlp.fc1.bias', f32([8])],
    ['layers.0.blocks.0.mlp.fc2.bias', f32([2])],
    ['layers.0.blocks.1.attn_mask', f32([4, 4])],
    ['layers.0.downsample.norm.weight', f32([8])],
    ['layers.1.blocks.0.norm1.weight', f32([4])],
    ['norm.weight', f32([4])],
    ['head.weight', f32([5, 4])],
  ]);

  test('fromMicrosoft renames, drops what segmentation has not, and adds the output norms', () => {
    expect([...fromMicrosoft(microsoft).keys()]).toEqual([
      'patch_embed.projection.weight',
      'stages.0.blocks.0.norm1.weight',
      'stages.0.blocks.0.attn.w_msa.qkv.weight',
      'stages.0.blocks.0.ffn.layers.0.0.bias',
      'stages.0.blocks.0.ffn.layers.1.bias',
      'stages.0.downsample.norm.weight',
      'stages.1.blocks.0.norm1.weight',
      'norm0.weight',
      'norm0.bias',
      'norm1.weight',
      'norm1.bias',
    ]);
  });

  test('patch merging goes from (neighbour, channel) to (channel, neighbour), the middle neighbours swapped', () => {
    const norm = fromMicrosoft(microsoft).get('stages.0.downsample.norm.weight')!;
    expect([...(norm.data as Float32Array)]).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
  });

  test('fromTimm moves the downsampling of timm ≥ 0.8 back by one stage', () => {
    const timm = new Map(
      [...microsoft].map(([name, t]) => [name.replace('layers.0.downsample', 'layers.1.downsample'), t]),
    );
    expect([...fromTimm(timm).keys()]).toEqual([...fromMicrosoft(microsoft).keys()]);
    expect([...fromTimm(microsoft).keys()]).toEqual([...fromMicrosoft(microsoft).keys()]);
  });
});
