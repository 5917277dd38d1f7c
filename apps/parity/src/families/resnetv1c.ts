import { type ResNetConfig, resnet, resnetSpec, resnetVariants } from '@gss/resnet';
import { bottleneckExpansion } from '@gss/tensor';
import type { Family } from '../family.js';
import { convolutional } from './convolutional.js';

interface ReferenceConfig {
  readonly depth: number;
  readonly class?: string;
  readonly type?: string;
  readonly num_stages?: number;
  readonly stage_blocks?: readonly number[];
  readonly base_channels?: number;
  readonly stem_channels?: number;
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly contract_dilation?: boolean;
  readonly frozen_stages?: number;
}

/** mmsegmentation's ResNet and ResNetV1c arguments → ours. */
export function resnetConfigOf(c: ReferenceConfig): ResNetConfig {
  const variant = resnetVariants[String(c.depth) as '50'];
  if (!variant)
    throw new RangeError(`resnetv1c: depth ${c.depth} is none of ${Object.keys(resnetVariants).join(', ')}.`);
  const stages = c.num_stages ?? 4;
  const widen = variant.block === 'bottleneck' ? bottleneckExpansion : 1;
  return {
    block: variant.block,
    channels: Array.from({ length: stages }, (_, i) => (c.base_channels ?? 64) * 2 ** i * widen),
    depths: (c.stage_blocks ?? variant.depths).slice(0, stages),
    stemChannels: c.stem_channels ?? 64,
    deepStem: (c.class ?? c.type ?? 'ResNetV1c') !== 'ResNet',
    strides: c.strides ?? [1, 2, 2, 2],
    dilations: c.dilations ?? [1, 1, 1, 1],
    contractDilation: c.contract_dilation ?? false,
    frozenStages: c.frozen_stages ?? -1,
  };
}

export const family: Family = {
  prefix: 'resnet',
  run(golden) {
    const config = resnetConfigOf(golden.manifest.config);
    return convolutional(golden, 'resnet', resnetSpec(config), (x, params, training) =>
      resnet(x, params as Parameters<typeof resnet>[1], config, training),
    );
  },
};
