import { type PriorVariant, priorVariants } from '@gss/prior';
import { backboneVariants } from '../backbone-variants.js';
import type { BackboneConfig } from '../backbones.js';

/** The paper's backbones with the head that each has, and what they start from. */
export const paperBackbones = {
  r101: {
    title: 'ResNet-101',
    backbone: backboneVariants['resnet-101-d8'],
    head: priorVariants.resnet,
    pretrained: 'ImageNet-1K (resnet101_v1c of mmsegmentation)',
  },
  'hrnet-w48': {
    title: 'HRNet-W48',
    backbone: backboneVariants['hrnet-w48'],
    head: priorVariants.hrnet,
    pretrained: 'ImageNet-1K (hrnetv2_w48 of MSRA)',
  },
  'swin-l': {
    title: 'Swin-Large',
    backbone: backboneVariants['swin-l'],
    head: priorVariants.swin,
    pretrained: 'ImageNet-22K at 384² (swin_large_patch4_window12_384_22k)',
  },
} as const satisfies Record<
  string,
  {
    readonly title: string;
    readonly backbone: BackboneConfig;
    readonly head: PriorVariant;
    readonly pretrained: string;
  }
>;
export type PaperBackbone = keyof typeof paperBackbones;
