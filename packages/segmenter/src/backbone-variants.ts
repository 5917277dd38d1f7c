import { efficientnetVariants } from '@gss/efficientnet';
import { hrnetVariants } from '@gss/hrnet';
import { resnetVariants } from '@gss/resnet';
import { swinVariants } from '@gss/swin';
import type { BackboneConfig } from './backbones.js';

/** Every variant of every backbone by name. `-d8` are the dilated ResNets of the GSS configs. */
export const backboneVariants = {
  'swin-nano': { type: 'swin', config: swinVariants.nano },
  'swin-tiny': { type: 'swin', config: swinVariants.tiny },
  'swin-t': { type: 'swin', config: swinVariants.T },
  'swin-s': { type: 'swin', config: swinVariants.S },
  'swin-b': { type: 'swin', config: swinVariants.B },
  'swin-l': { type: 'swin', config: swinVariants.L },
  'resnet-18': { type: 'resnet', config: resnetVariants['18'] },
  'resnet-34': { type: 'resnet', config: resnetVariants['34'] },
  'resnet-50': { type: 'resnet', config: resnetVariants['50'] },
  'resnet-101': { type: 'resnet', config: resnetVariants['101'] },
  'resnet-152': { type: 'resnet', config: resnetVariants['152'] },
  'resnet-50-d8': { type: 'resnet', config: resnetVariants['50-d8'] },
  'resnet-101-d8': { type: 'resnet', config: resnetVariants['101-d8'] },
  'hrnet-w18': { type: 'hrnet', config: hrnetVariants.W18 },
  'hrnet-w32': { type: 'hrnet', config: hrnetVariants.W32 },
  'hrnet-w48': { type: 'hrnet', config: hrnetVariants.W48 },
  'efficientnet-lite0': { type: 'efficientnet', config: efficientnetVariants.lite0 },
  'efficientnet-lite1': { type: 'efficientnet', config: efficientnetVariants.lite1 },
  'efficientnet-lite2': { type: 'efficientnet', config: efficientnetVariants.lite2 },
} as const satisfies Record<string, BackboneConfig>;
export type BackboneName = keyof typeof backboneVariants;
