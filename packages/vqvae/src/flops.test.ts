import { createRng, initParams } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import {
  compactFlops,
  compactSpec,
  compactTokenizer,
  compactVariants,
  dvaeFlops,
  dvaeSpec,
  dvaeTokenizer,
  dvaeVariants,
  type Tokenizer,
  type TokenizerFlops,
  uvimFlops,
  uvimSpec,
  uvimTokenizer,
  uvimVariants,
  vqganFlops,
  vqganSpec,
  vqganTokenizer,
  vqganVariants,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('wasm');
  registerWasmKernels();
});

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** What the convolutions and products of a run compute, by the shapes that tfjs saw. */
async function counted(run: () => tf.Tensor): Promise<number> {
  const { kernels } = await tf.profile(run);
  let flops = 0;
  for (const { name, inputShapes, outputShapes } of kernels) {
    const [a, b] = Object.values(inputShapes) as number[][];
    const outputs = size(outputShapes[0]!);
    if (/Conv2D$/.test(name)) flops += 2 * outputs * size(b!.slice(0, 3));
    if (/MatMul$/.test(name)) flops += 2 * outputs * Math.sqrt((size(a!) * size(b!)) / outputs / batchOf(a!, b!));
  }
  return flops;
}
const batchOf = (a: number[], b: number[]) => Math.max(size(a.slice(0, -2)), size(b.slice(0, -2)));

async function expectCounted(
  tokenizer: Tokenizer,
  image: tf.Tensor4D,
  { encode, decode }: TokenizerFlops,
  context?: tf.Tensor4D,
) {
  const pixels = size(image.shape.slice(0, 3));
  const tokens = tokenizer.encode(image, context);
  const found = [
    await counted(() => tokenizer.encode(image, context)),
    await counted(() => tokenizer.decode(tokens, context)),
  ];
  for (const [i, expected] of [encode, decode].entries())
    expect(
      Math.abs(found[i]! / pixels / expected - 1),
      `${i ? 'decode' : 'encode'} ${found[i]! / pixels}`,
    ).toBeLessThan(0.02);
}

test('the dVAE runs as many operations as counted', () => {
  const config = { ...dvaeVariants.nano, blocksPerGroup: 2 };
  const tokenizer = dvaeTokenizer(config, initParams(dvaeSpec(config), createRng(1)), { checkTokens: false });
  // large enough for every doubling to take four phases, but for one more row and column
  return expectCounted(tokenizer, tf.zeros([1, 256, 264, 3]), dvaeFlops(config, { asRun: true }));
});
test('VQGAN runs as many operations as counted', () => {
  const config = { ...vqganVariants.nano, attentionResolutions: [32] };
  const tokenizer = vqganTokenizer(config, initParams(vqganSpec(config), createRng(1)), { checkTokens: false });
  return expectCounted(tokenizer, tf.zeros([1, 128, 144, 3]), vqganFlops(config, [128, 144], { asRun: true }));
});
test('the compact tokenizer runs as many operations as counted', () => {
  const config = compactVariants.nano;
  const tokenizer = compactTokenizer(config, initParams(compactSpec(config), createRng(1)), { checkTokens: false });
  return expectCounted(tokenizer, tf.zeros([1, 32, 48, 3]), compactFlops(config));
});
test('UViM runs as many operations as counted', () => {
  const config = { ...uvimVariants.nano, codeLength: 16 };
  const tokenizer = uvimTokenizer(config, initParams(uvimSpec(config), createRng(1)), { checkTokens: false });
  const map: tf.Tensor4D = tf.zeros([1, 64, 64, config.classes]);
  return expectCounted(tokenizer, map, uvimFlops(config), tf.zeros([1, 64, 64, 3]));
});

test('the compact variants need a fiftieth of the operations of the published dVAE or less', () => {
  const large = dvaeFlops(dvaeVariants.paper);
  const asRun = dvaeFlops(dvaeVariants.paper, { asRun: true });
  expect(asRun.encode).toBe(large.encode);
  expect(asRun.decode / large.decode).toBeLessThan(0.83);
  for (const config of Object.values(compactVariants)) {
    const { encode, decode } = compactFlops(config);
    expect(asRun.encode / encode).toBeGreaterThan(50);
    expect(asRun.decode / decode).toBeGreaterThan(50);
  }
});
