import {
  conv,
  createRng,
  createTraining,
  discardStatistics,
  initParams,
  leavesOf,
  loadParams,
  mapTree,
  stateDict,
  storedToInt32,
} from '@gss/tensor';
import {
  expectClose,
  expectGradient,
  expectNoLeak,
  expectParameters,
  findGolden,
  type Golden,
  readGolden,
  runReadme,
} from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  accuracy,
  beforeClassifier,
  type PriorConfig,
  type PriorParams,
  prior,
  priorLoss,
  priorSpec,
  priorVariants,
  resizeLabels,
  tokenFeatures,
} from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const small: PriorConfig = {
  ...priorVariants.nano,
  features: [3, 4, 5, 6],
  channels: 4,
  tokenChannels: 8,
  classifierChannels: 6,
  heads: 2,
  vocabulary: 10,
  classes: 3,
  auxiliary: 'separate',
};
const features = (batch = 1) =>
  [12, 6, 3, 2].map(
    (side, i) => tf.randomNormal([batch, side, side + 1, 3 + i], 0, 1, 'float32', i + 1) as tf.Tensor4D,
  );
const fresh = (config: PriorConfig) => initParams(priorSpec(config), createRng(1));

describe('names and sizes equal those of the reference', () => {
  // Hashes of all "name shape" lines under decode_head. (without the tokenizer and X⁻¹) of state-dicts/*.json.
  const head = (variant: keyof typeof priorVariants, features: number[], classes: number, extra = {}): PriorConfig => ({
    ...priorVariants[variant],
    features,
    classes,
    vocabulary: 8192,
    ...extra,
  });
  test.each([
    ['FF Swin-L', head('swin', [192, 384, 768, 1536], 150), 100, 1449206823, 25703862],
    ['FF ResNet-101', head('resnet', [256, 512, 1024, 2048], 19), 156, 3934955395, 34812659],
    ['FF HRNet-W48', head('hrnet', [48, 96, 192, 384], 194), 126, 3899101801, 31638562],
    ['FT-W Swin-L', head('swin', [192, 384, 768, 1536], 150, { auxiliary: 'none' }), 68, 2278361191, 23946528],
    ['FT-W ResNet-101', head('resnet', [256, 512, 1024, 2048], 19, { auxiliary: 'none' }), 124, 837384708, 32737120],
  ])('%s', (_, config, entries, hash, count) => expectParameters(priorSpec(config), { entries, hash, count }));
});

/** The configuration of a gss-head fixture. */
function configOf({ manifest: { config: c } }: Golden): PriorConfig {
  const features: number[] = [];
  for (const [i, level] of c.in_index.entries()) features[level] = c.in_channels[i];
  return {
    features,
    inIndex: c.in_index,
    tokenLevel: c.in_index[c.indice_channel_index],
    pixelLevel: c.in_index[c.pixel_channel_index],
    channels: c.channels,
    tokenChannels: c.indice_seg_channel,
    classifierChannels: c.indice_cls_channel,
    vocabulary: c.vocab_size,
    depth: c.swin_depth,
    heads: c.swin_num_head,
    window: c.swin_window_size,
    tokenDropout: c.dropout_ratio,
    classes: c.num_classes,
    auxiliary: c.class.endsWith('SingleFusion') ? 'shared' : 'separate',
  };
}
const labelMap = (golden: Golden, name: string) => {
  const { data, shape } = golden.tensors.get(name)!;
  const [B, , height, width] = shape as [number, number, number, number];
  const size = height * width;
  const maps = Array.from({ length: B }, (_, b) => (data as Uint8Array).slice(b * size, (b + 1) * size));
  return maps.map((map) => ({ data: map, width, height }));
};
const integers = (golden: Golden, name: string) => storedToInt32(golden.tensors.get(name)!);

describe.each(['gss-head-ff-odd', 'gss-head-ff', 'gss-head-single-fusion'])('%s', (name) => {
  const golden = findGolden(name) ? readGolden(name) : undefined;
  if (!golden) return test.skip('needs the full golden set, which is not beside the repository', () => undefined);
  const config = configOf(golden);
  const weights = new Map([...golden.params()].filter(([key]) => !key.startsWith('d_vae.')));
  const load = () => loadParams('prior', priorSpec(config), weights);
  const inputs = () => config.features.map((_, i) => golden.nhwc(`input.feature${i}`));

  test('inference equals the reference', () => {
    const params = load();
    const { tokenLogits } = prior(inputs(), params, config);
    expectClose(tokenLogits, golden.nhwc('output.eval.token_logits'), 5e-5, 2e-4);
    const tokens = tf.argMax(tokenLogits, 3);
    expect([...tokens.dataSync()]).toEqual([...integers(golden, 'output.eval.tokens')]);
  });

  test('training equals the reference', () => {
    const params = load();
    const training = createTraining(createRng(1));
    const { tokenLogits, pixelLogits } = prior(inputs(), params, config, training);
    expectClose(tokenLogits, golden.nhwc('output.train.token_logits'), 5e-5, 2e-4);
    expectClose(pixelLogits!, golden.nhwc('output.train.pixel_logits'), 5e-5, 2e-4);
    discardStatistics(training);
  });

  test.each(['partial', 'full', 'allignored'])('losses and targets equal the reference (%s)', (variant) => {
    const params = load();
    const training = createTraining(createRng(1));
    const output = prior(inputs(), params, config, training);
    const [, h, w] = output.tokenLogits.shape;
    const maps = labelMap(golden, `input.gt.${variant}`).map((map) =>
      resizeLabels(map, { width: 8 * w, height: 8 * h }),
    );
    const B = maps.length;
    const doubled = maps.flatMap(({ data }) => [...data]);
    if (golden.tensors.has(`output.${variant}.gt_resized`))
      expect(doubled).toEqual([...integers(golden, `output.${variant}.gt_resized`)]);
    const labels = tf.tensor3d(doubled, [B, 8 * h, 8 * w], 'int32');
    const encode = (filled: tf.Tensor3D) => {
      if (golden.tensors.has(`output.${variant}.mask_for_tokens`))
        expect([...filled.dataSync()]).toEqual([...integers(golden, `output.${variant}.mask_for_tokens`)]);
      return tf.tensor3d(integers(golden, `output.${variant}.tokens_unmasked`), [B, h, w], 'int32');
    };
    const loss = priorLoss(output, { labels, encode }, config);
    expect([...loss.tokens.dataSync()]).toEqual([...integers(golden, `output.${variant}.token_target`)]);
    expectClose(loss.token, golden.tensor(`output.${variant}.loss_ce`), 1e-5, 1e-5);
    expectClose(loss.pixel, golden.tensor(`output.${variant}.loss_ce_pixel`), 1e-5, 1e-5);
    expectClose(loss.total, golden.tensor(`output.${variant}.total`), 1e-5, 1e-5);
    const hits = accuracy(output.tokenLogits, loss.tokens, config.vocabulary);
    expectClose(hits, golden.tensor(`output.${variant}.acc_seg_indice`), 1e-4);
    discardStatistics(training);
  });
});

test('a separate head may give pixels at another level', () => {
  const config: PriorConfig = { ...small, tokenLevel: 1, pixelLevel: 0 };
  const output = prior(features(2), fresh(config), config);
  expect(output.tokenLogits.shape).toEqual([2, 6, 7, 10]);
  expect(output.pixelLogits!.shape).toEqual([2, 12, 13, 3]);
});

test("the twin's pixel head classifies what the token head would read", () => {
  const config: PriorConfig = { ...small, auxiliary: 'attended' };
  const params = fresh(config);
  const x = features();
  const { pixelLogits } = prior(x, params, config);
  expectClose(pixelLogits!, conv(tokenFeatures(x, params, config).attended, params.conv_seg_pixel!), 1e-6);
  const shared = prior(x, params, { ...config, auxiliary: 'shared' }).pixelLogits!; // before the Swin blocks
  expect(() => expectClose(shared, pixelLogits!, 1e-3)).toThrow(/largest error/);
});

test("Table 3's baseline reads one level and has neither blocks nor auxiliary head", () => {
  const config: PriorConfig = { ...small, inIndex: [3], tokenLevel: 1, depth: 0, auxiliary: 'none' };
  const names = leavesOf(priorSpec(config)).map(({ name }) => name);
  expect(names.some((name) => /transformer|swin_ln|pixel|convs\.1/.test(name))).toBe(false);
  const output = prior(features(), fresh(config), config);
  expect(output.tokenLogits.shape).toEqual([1, 6, 7, 10]);
  expect(output.pixelLogits).toBeUndefined();
});

test('token dropout is active in training alone and follows the seed', () => {
  const config: PriorConfig = { ...small, tokenDropout: 0.5 };
  const params = fresh(config);
  const x = features(2);
  const run = (seed?: number) => {
    const training = seed === undefined ? undefined : createTraining(createRng(seed));
    const { tokenLogits } = prior(x, params, config, training);
    if (training) discardStatistics(training);
    return tokenLogits;
  };
  expectClose(run(), run(), 0);
  expectClose(run(1), run(1), 0);
  expect(() => expectClose(run(1), run(2), 1e-6)).toThrow(/largest error/);
});

test('the parts are the whole', () => {
  const params = fresh(small);
  const x = features();
  const { fused, attended } = tokenFeatures(x, params, small);
  expect(fused.shape).toEqual([1, 12, 13, 8]);
  expect(beforeClassifier(attended, params).shape).toEqual([1, 12, 13, 6]);
});

test.each(['separate', 'shared', 'none'] as const)('leaks no tensor with auxiliary %s', (auxiliary) => {
  const config: PriorConfig = { ...small, auxiliary };
  const params = fresh(config);
  const x = features();
  expectNoLeak(() => {
    const { tokenLogits, pixelLogits } = prior(x, params, config);
    return pixelLogits ? [tokenLogits, pixelLogits] : [tokenLogits];
  });
  expect(x.every((map) => !map.isDisposed)).toBe(true);
});

test('has a true gradient', () => {
  // Away from the kink of every ReLU, where finite differences mean nothing.
  const params = mapTree(fresh(small), (p, name) =>
    name.endsWith('bn.bias') ? tf.fill(p.shape, 6) : p,
  ) as unknown as PriorParams;
  const [a, ...rest] = features();
  const sum = (x: tf.Tensor) => {
    const { tokenLogits, pixelLogits } = prior([x as tf.Tensor4D, ...rest], params, small);
    return tf.add(tf.sum(tokenLogits), tf.sum(pixelLogits!));
  };
  expectGradient(sum, a!);
});

test('weights come back from their state dict', async () => {
  const spec = priorSpec(small);
  const params = fresh(small);
  const again = loadParams('prior', spec, await stateDict(spec, params));
  expectClose(prior(features(), again, small).tokenLogits, prior(features(), params, small).tokenLogits, 0);
});

test('refuses features that do not fit, naming the level', () => {
  const params = fresh(small);
  expect(() => prior(features().reverse(), params, small)).toThrow(/prior: expected feature 1 as \[B, H, W, 4\]/);
  expect(() => prior(features().slice(0, 2), params, small)).toThrow(/feature 2.*no map/);
});

test('the README runs', async () => expect(await runReadme(import.meta.url)).toBeGreaterThan(0));
