import { type HRNetConfig, hrnet, hrnetSpec } from '@gss/hrnet';
import type { Family } from '../family.js';
import { convolutional } from './convolutional.js';

interface ReferenceStage {
  readonly num_modules: number;
  readonly num_blocks: readonly number[];
  readonly num_channels: readonly number[];
  readonly block: string;
}
interface ReferenceConfig {
  readonly extra: Readonly<Record<'stage1' | 'stage2' | 'stage3' | 'stage4', ReferenceStage>>;
  readonly frozen_stages?: number;
}

/** mmsegmentation's HRNet arguments → ours. */
export function hrnetConfigOf({ extra, frozen_stages }: ReferenceConfig): HRNetConfig {
  const blocks = [extra.stage1.block, extra.stage2.block, extra.stage3.block, extra.stage4.block].join();
  if (blocks !== 'BOTTLENECK,BASIC,BASIC,BASIC')
    throw new RangeError(`hrnet: blocks ${blocks} are not those of HRNetV2.`);
  const stage = (s: ReferenceStage) => ({ modules: s.num_modules, blocks: s.num_blocks, channels: s.num_channels });
  return {
    channels: extra.stage4.num_channels,
    first: { blocks: extra.stage1.num_blocks[0]!, planes: extra.stage1.num_channels[0]! },
    stages: [stage(extra.stage2), stage(extra.stage3), stage(extra.stage4)],
    frozenStages: frozen_stages ?? -1,
  };
}

export const family: Family = {
  prefix: 'hrnet',
  run(golden) {
    const config = hrnetConfigOf(golden.manifest.config);
    return convolutional(golden, 'hrnet', hrnetSpec(config), (x, params, training) =>
      hrnet(x, params as Parameters<typeof hrnet>[1], config, training),
    );
  },
};
