import { countParams, createRng, createTraining, initParams, leavesOf, loadParams } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { expectClose, expectNoLeak, findGolden, readGolden } from '@gss/testing';
import {
  type AdversarialInput,
  type Adversary,
  type DiscriminatorParams,
  discriminator,
  discriminatorLoss,
  discriminatorSpec,
  fromTorchvisionVgg,
  hingeLoss,
  lpips,
  lpipsSpec,
  quantize,
  type VqganConfig,
  vectorQuantizer2Loss,
  vqganAdaptiveWeight,
  vqganDownsample,
  vqganEncoder,
  vqganFake,
  vqganLatent,
  vqganLoss,
  vqganReconstruction,
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

const config: VqganConfig = {
  channels: 3,
  width: 32,
  multipliers: [1, 2],
  residualBlocks: 1,
  resolution: 32,
  attentionResolutions: [16],
  latent: 8,
  codes: 24,
  codeDim: 6,
};
const shape = { channels: 3, width: 8, layers: 2 };
const loss = { discriminatorStart: 10 };
const image = () => tf.randomUniform([1, 16, 16, 3], -1, 1, 'float32', 1) as tf.Tensor4D;

const inputAt = (step: number): AdversarialInput => {
  const params = initParams(discriminatorSpec(shape), createRng(2)) as unknown as DiscriminatorParams;
  const adversary: Adversary = { config: shape, params };
  return { images: image(), params: initParams(vqganSpec(config), createRng(1)), config, loss, step, adversary };
};

const folder = findGolden('vqgan');
test.skipIf(!folder)(
  `equals taming-transformers${folder ? '' : ' (skipped: the golden folder is not beside the repository)'}`,
  () => {
    const golden = readGolden('vqgan', folder);
    const own = new Map([...golden.params()].filter(([name]) => !name.startsWith('discriminator.')));
    const params = loadParams('vqgan', vqganSpec(config), own);
    const x = golden.nhwc('input.image');
    expectClose(vqganEncoder(x, params.encoder), golden.nhwc('output.encoder'), 1e-5, 1e-4);
    const q = quantize(vqganLatent(x, params), params.quantize.embedding.weight);
    expectClose(q.tokens, golden.tensor('output.indices'), 0);
    expectClose(vectorQuantizer2Loss(q), golden.tensor('output.codebook_loss'), 1e-5);
    expectClose(vqganReconstruction(q.quantized, params), golden.nhwc('output.reconstruction'), 1e-5, 1e-4);
  },
);

test('has the parameters of the reference under its names', () => {
  expect(vqganDownsample(vqganVariants.f16)).toBe(16);
  expect(countParams(vqganSpec(vqganVariants.f16))).toBe(72_141_699);
  const names = leavesOf(vqganSpec(config)).map(({ name }) => name);
  for (const name of [
    'encoder.down.1.attn.0.proj_out.weight',
    'decoder.up.1.upsample.conv.bias',
    'quantize.embedding.weight',
  ]) {
    expect(names).toContain(name);
  }
  expect(leavesOf(discriminatorSpec(shape)).map(({ name }) => name)).toContain('main.6.running_var');
});

test('the tokenizer takes any size and leaks nothing', () => {
  const tokenizer = vqganTokenizer(config, initParams(vqganSpec(config), createRng(1)));
  const x = tf.randomUniform([1, 11, 14, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
  const tokens = tokenizer.encode(x);
  expect(tokens.shape).toEqual([1, 6, 7]);
  const decoded = tokenizer.decode(tokens);
  expect(decoded.shape).toEqual([1, 12, 14, 3]);
  expect(Math.min(...decoded.dataSync())).toBeGreaterThanOrEqual(0);
  expectClose(tokenizer.decodeProbabilities(tf.oneHot(tokens, 24) as tf.Tensor4D), decoded, 1e-5);
  expectNoLeak(() => tokenizer.encode(x));
  expectNoLeak(() => tokenizer.decode(tokens));
  expect(() => tokenizer.decode(tf.tensor3d([-1], [1, 1, 1], 'int32'))).toThrow('got -1');
});

test('K channels give one probability per class', () => {
  const classes: VqganConfig = { ...config, channels: 5, output: 'logits' };
  const tokenizer = vqganTokenizer(classes, initParams(vqganSpec(classes), createRng(1)));
  const map = tf.oneHot(tf.randomUniform([1, 8, 8], 0, 5, 'int32', 3), 5) as tf.Tensor4D;
  expect(tokenizer.decode(tokenizer.encode(map)).shape).toEqual([1, 8, 8, 5]);
});

test('the adversary counts from its start only', () => {
  const before = inputAt(9);
  const parts = (input: AdversarialInput) => {
    const { loss: total, parts } = vqganLoss(input, 0.5);
    return [total, parts.nll, parts.quantizer, parts.generator].map((t) => t.dataSync()[0]!) as [
      number,
      number,
      number,
      number,
    ];
  };
  const [early, nll, quantizer, generator] = parts(before);
  expect(early).toBeCloseTo(nll + quantizer, 5);
  expect(parts({ ...before, step: 10 })[0]).toBeCloseTo(nll + quantizer + 0.5 * generator, 5);
});

test('without an adversary there is no adversarial term', () => {
  const { adversary: _, ...alone } = inputAt(20);
  const { loss: total, parts } = vqganLoss(alone, 0.5);
  expect(parts.generator.dataSync()[0]).toBe(0);
  expect(total.dataSync()[0]).toBeCloseTo(parts.nll.dataSync()[0]! + parts.quantizer.dataSync()[0]!, 5);
});

test('what the discriminator is shown is the generator’s output, held fixed', () => {
  const input = inputAt(20);
  expectClose(vqganFake(input.images, input.params, input.config), vqganLoss(input, 0).output, 1e-5);
  expectNoLeak(() => vqganFake(input.images, input.params, input.config));
  const both = (x: tf.Tensor) => tf.add(tf.sum(vqganFake(x as tf.Tensor4D, input.params, input.config)), tf.sum(x));
  expectClose(tf.grad(both)(input.images), tf.onesLike(input.images), 0);
  const logits = { ...input.config, output: 'logits' } as const;
  const fake = vqganFake(input.images, input.params, logits);
  const { output } = vqganLoss({ ...input, config: logits, images: tf.sign(input.images) as tf.Tensor4D }, 0);
  expect(output.shape).toEqual(fake.shape);
  expect(Math.max(...fake.abs().dataSync())).toBeLessThanOrEqual(1);
});

test('the adaptive weight balances the two gradients', () => {
  const input = inputAt(20);
  const weight = vqganAdaptiveWeight(input).dataSync()[0]!;
  const louder = vqganAdaptiveWeight({ ...input, loss: { ...loss, discriminatorWeight: 1.6 } }).dataSync()[0]!;
  expect(weight).toBeGreaterThan(0);
  expect(louder / weight).toBeCloseTo(2, 4);
  expectNoLeak(() => vqganAdaptiveWeight({ ...input, training: createTraining(createRng(1)) }));
});

test('the hinge loss wants real above 1 and fake below −1', () => {
  expectClose(hingeLoss(tf.tensor1d([2, 1]), tf.tensor1d([-1, -3])), [0], 0);
  expectClose(hingeLoss(tf.tensor1d([0]), tf.tensor1d([0.5])), [1.25], 1e-6);
});

test('the statistics of the discriminator follow both batches', () => {
  const { adversary } = inputAt(20);
  const [real, fake] = [image(), tf.mul(image(), 0.5) as tf.Tensor4D];
  const training = createTraining(createRng(1));
  discriminatorLoss(real, fake, adversary, loss, 20, training);
  const mean = (adversary.params.main[3] as { running_mean: tf.Tensor }).running_mean;
  const one = createTraining(createRng(1));
  discriminator(real, adversary.params, shape, one);
  const two = createTraining(createRng(1));
  discriminator(fake, adversary.params, shape, two);
  // m₂ = 0.9 m₁ + 0.1 b, and each single pass from 0 leaves 0.1 b.
  const expected = tf.add(tf.mul(one.statistics.get(mean)!, 0.9), two.statistics.get(mean)!);
  expectClose(training.statistics.get(mean)!, expected, 1e-6);
  const still = discriminatorLoss(real, fake, adversary, loss, 0).dataSync()[0];
  expect(still).toBe(0);
});

test('LPIPS is 0 for equal images, grows with distance, and reads torchvision names', () => {
  const spec = lpipsSpec();
  const small = initParams(spec, createRng(1));
  const a = tf.randomUniform([1, 16, 16, 3], -1, 1, 'float32', 1) as tf.Tensor4D;
  const b = tf.add(a, tf.randomNormal([1, 16, 16, 3], 0, 0.5, 'float32', 2)) as tf.Tensor4D;
  expectClose(lpips(a, a, small), [0], 1e-6);
  expect(Math.abs(lpips(a, b, small).dataSync()[0]!)).toBeGreaterThan(1e-4);
  expect(() => lpips(a, tf.zeros([1, 8, 8, 3]), small)).toThrow('two images');
  const stored = { dtype: 'F32', shape: [1], data: new Float32Array(1) } as const;
  const renamed = fromTorchvisionVgg(
    new Map([
      ['features.28.bias', stored],
      ['classifier.0.weight', stored],
    ]),
    new Map([['lin2.model.1.weight', stored]]),
  );
  expect([...renamed.keys()]).toEqual(['net.slice5.28.bias', 'lin2.model.1.weight']);
  expect(() => vqganLoss({ ...inputAt(0), loss: { ...loss, perceptualWeight: 1 } }, 0)).toThrow('LPIPS');
});
