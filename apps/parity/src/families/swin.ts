import {
  dropPathRates,
  fitWindow,
  fromMicrosoft,
  patchEmbed,
  patchMerging,
  patchMergingSpec,
  resizePositionTable,
  type SwinConfig,
  type SwinParams,
  swin,
  swinBlocks,
  swinBlocksSpec,
  swinSpec,
} from '@gss/swin';
import { dropPathWith, loadParams, storedToFloat32, windowAttention, windowAttentionSpec } from '@gss/tensor';
import type { Golden } from '@gss/testing';
import * as tf from '@tensorflow/tfjs-core';
import { check, expectedValues, gradientsOf, nchw } from '../compare.js';
import type { Check, Family } from '../family.js';

interface ReferenceConfig {
  readonly embed_dims: number;
  readonly depths: readonly number[];
  readonly num_heads: readonly number[];
  readonly window_size: number;
  readonly mlp_ratio?: number;
  readonly drop_path_rate?: number;
  readonly patch_norm?: boolean;
  readonly frozen_stages?: number;
}

/** mmsegmentation's SwinTransformer arguments → ours. */
export const swinConfigOf = (c: ReferenceConfig): SwinConfig => ({
  channels: c.depths.map((_, i) => c.embed_dims * 2 ** i),
  depths: c.depths,
  heads: c.num_heads,
  window: c.window_size,
  mlpRatio: c.mlp_ratio ?? 4,
  dropPath: c.drop_path_rate ?? 0.1,
  patchNorm: c.patch_norm ?? true,
  frozenStages: c.frozen_stages ?? -1,
});

async function backbone(golden: Golden): Promise<Check[]> {
  const config = swinConfigOf(golden.manifest.config);
  const spec = swinSpec(config);
  const params = loadParams('swin', spec, golden.params());
  const image = golden.nhwc('input.image');
  const maps = swin(image, params, config);
  const checks = maps.map((map, i) => check(golden, `output.stage${i}`, nchw(map)));
  if (golden.tensors.has('output.patch_embed')) {
    const embedded = patchEmbed(image, params.patch_embed as Parameters<typeof patchEmbed>[1], {
      outputs: config.channels[0]!,
    });
    checks.push(check(golden, 'output.patch_embed', embedded));
  }
  const loss = (p: SwinParams, [x]: readonly tf.Variable[]) =>
    swin(x as tf.Tensor as tf.Tensor4D, p, config).reduce(
      (sum, map, i) => tf.add(sum, tf.mean(tf.mul(map, golden.nhwc(`input.cotangent${i}`)))),
      tf.scalar(0) as tf.Tensor,
    ) as tf.Scalar;
  const gradients = await gradientsOf(spec, params, [image], loss);
  checks.push(check(golden, 'output.loss', [gradients.loss]));
  for (const name of golden.tensors.keys()) {
    if (!name.startsWith('grad.')) continue;
    const parameter = gradients.parameters.get(name.slice('grad.'.length));
    checks.push(check(golden, name, parameter ? storedToFloat32(parameter) : nchw(gradients.inputs[0] as tf.Tensor4D)));
  }
  return checks;
}

/** Tokens [B, H·W, C] as a map. */
const mapOf = (tokens: tf.Tensor, [H, W]: readonly [number, number]) =>
  tf.reshape(tokens, [tokens.shape[0]!, H, W, tokens.shape[2]!]) as tf.Tensor4D;

function parts(golden: Golden): Check[] {
  const { wmsa, seq, merge, drop_path, drop_path_rates: rates } = golden.manifest.parts;
  const checks: Check[] = [];

  const attention = { dim: wmsa.embed_dims, heads: wmsa.num_heads, window: wmsa.window_size };
  const p = loadParams('windowAttention', windowAttentionSpec(attention), golden.params('wmsa.param.'));
  const windows = golden.tensor('wmsa.input.x') as tf.Tensor3D;
  checks.push(check(golden, 'wmsa.output', windowAttention(windows, p, attention)));
  const mask = golden.tensor('wmsa.input.mask') as tf.Tensor3D;
  checks.push(check(golden, 'wmsa.output_masked', windowAttention(windows, p, attention, mask)));

  const { embed_dims: dim, num_heads: heads, window_size: window, feedforward_channels: hidden, depth } = seq;
  const blocks = { dim, heads, window, hidden, depth };
  const blockParams = loadParams('swinBlocks', swinBlocksSpec(blocks), golden.params('seq.param.'));
  for (const name of golden.tensors.keys()) {
    const size = /^seq\.input\.(.+)$/.exec(name)?.[1];
    if (!size) continue;
    const tokens = golden.tensor(name);
    const map = mapOf(tokens, seq[size]);
    checks.push(check(golden, `seq.output.${size}`, swinBlocks(map, blockParams, blocks)));
  }

  const merging = { inputs: merge.in_channels, outputs: merge.out_channels };
  const tokens = golden.tensor('merge.input.x');
  const map = mapOf(tokens, merge.hw);
  const mergeParams = loadParams('patchMerging', patchMergingSpec(merging), golden.params('merge.param.'));
  checks.push(check(golden, 'merge.output', patchMerging(map, mergeParams)));

  for (const [name, table] of golden.tensors) {
    const sizes = /^relpos\.input\.\d+to\d+$/.exec(name);
    if (!sizes) continue;
    const output = name.replace('input', 'output');
    const resized = resizePositionTable(table, golden.tensors.get(output)!.shape[0]!);
    checks.push(check(golden, output, storedToFloat32(resized)));
  }

  const dropped = dropPathWith(
    golden.tensor('drop_path.input.x'),
    drop_path.drop_prob,
    expectedValues(golden, 'drop_path.input.uniform'),
  );
  checks.push(check(golden, 'drop_path.output', dropped));
  for (const [name, expected] of Object.entries(rates as Record<string, number[]>)) {
    const [, depths, rate] = /^depths ([\d,]+) rate ([\d.]+)$/.exec(name) ?? [];
    if (!depths) throw new Error(`swin-parts: cannot read drop_path_rates entry "${name}"`);
    const actual = dropPathRates(depths.split(',').map(Number), Number(rate));
    checks.push({ name: `drop_path_rates ${name}`, actual, expected, atol: 1e-7 });
  }
  return checks;
}

/** Converted weights equal the reference converter's, and give its stage tokens (before the output norms). */
function microsoft(golden: Golden): Check[] {
  const config = swinConfigOf(golden.manifest.config);
  const converted = fromMicrosoft(golden.params('microsoft.'));
  const checks: Check[] = [];
  for (const [name, stored] of golden.params('converted.')) {
    if (/^norm\.|attn_mask$/.test(name)) continue; // classifier's norm, computed masks: left out on purpose
    const ours = converted.get(name);
    if (!ours) throw new Error(`swin-microsoft: fromMicrosoft gives no ${name}`);
    const numbers = (values: ArrayLike<number> | ArrayLike<bigint>) =>
      Float64Array.from(values as ArrayLike<number>, Number);
    checks.push({
      name: `converted.${name}`,
      actual: numbers(ours.data as Float32Array),
      expected: numbers(stored.data as Float32Array),
      exact: true,
    });
  }
  const params = loadParams('swin', swinSpec(config), fitWindow(converted, config.window));
  let map = patchEmbed(golden.nhwc('input.image'), params.patch_embed as Parameters<typeof patchEmbed>[1], {
    outputs: config.channels[0]!,
  });
  for (const [i, stage] of params.stages.entries()) {
    const dim = config.channels[i]!;
    const blocks = {
      dim,
      heads: config.heads[i]!,
      window: config.window,
      hidden: config.mlpRatio * dim,
      depth: config.depths[i]!,
    };
    map = swinBlocks(map, stage, blocks);
    checks.push(check(golden, `output.stage${i}_tokens`, map));
    if (stage.downsample) map = patchMerging(map, stage.downsample as Parameters<typeof patchMerging>[1]);
  }
  return checks;
}

export const family: Family = {
  prefix: 'swin',
  run(golden) {
    if (golden.manifest.parts) return parts(golden);
    return [...golden.tensors.keys()].some((name) => name.startsWith('microsoft.'))
      ? microsoft(golden)
      : backbone(golden);
  },
};
