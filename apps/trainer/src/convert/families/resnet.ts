import { type ResNetConfig, resnetSpec } from '@gss/resnet';
import { UsageError } from '../../cli/errors.js';
import { anyName, type Family, type Naming, ours, renamed, replacing } from '../family.js';
import { shapesOf, times } from '../shapes.js';
import type { Weights } from '../weights.js';

const isResNet = (weights: Weights) => weights.has('layer1.0.conv1.weight') && !anyName(weights, /^stage2\.0\./);
const unused: Naming['unused'] = [[/^fc\./, 'classifier']];
const withoutClassifier = (weights: Weights) => renamed(weights, (name) => (name.startsWith('fc.') ? undefined : name));

/** torchvision, and mmpretrain's ResNet: our names with a classifier. A deep stem (V1c) it does not know. */
const torchvision: Naming = {
  name: 'torchvision',
  recognise: (weights) => isResNet(weights) && weights.has('fc.weight') && weights.has('conv1.weight'),
  toOurs: withoutClassifier,
  fromOurs: (weights) => {
    if (weights.has('stem.0.weight'))
      throw new UsageError('torchvision has no ResNet with a deep stem (V1c). Take --to timm or --to mmpretrain.');
    return weights;
  },
  unused,
};

/** timm's deep stem: `conv1` is a Sequential without the last norm, which is `bn1`. */
const timm: Naming = {
  name: 'timm',
  recognise: (weights) => isResNet(weights) && weights.has('conv1.0.weight'),
  toOurs: (weights) => renamed(withoutClassifier(weights), replacing([/^conv1\./, 'stem.'], [/^bn1\./, 'stem.7.'])),
  fromOurs: (weights) => renamed(weights, replacing([/^stem\.7\./, 'bn1.'], [/^stem\./, 'conv1.'])),
  unused,
};

function configOf(weights: Weights): ResNetConfig {
  const { side, has, count } = shapesOf(weights);
  const bottleneck = has('layer1.0.conv3.weight');
  const deepStem = has('stem.0.weight');
  const stages = [1, 2, 3, 4].filter((n) => has(`layer${n}.0.conv1.weight`));
  return {
    block: bottleneck ? 'bottleneck' : 'basic',
    channels: stages.map((n) => side(`layer${n}.0.${bottleneck ? 'conv3' : 'conv2'}.weight`, 0)),
    depths: stages.map((n) => count(`layer${n}.`)),
    stemChannels: side(deepStem ? 'stem.6.weight' : 'conv1.weight', 0),
    deepStem,
    strides: times(stages.length, (i) => (i === 0 ? 1 : 2)),
    dilations: stages.map(() => 1),
    contractDilation: false,
  };
}

/** ResNet and ResNetV1c: ours are mmsegmentation's names. */
export const resnet: Family = {
  name: 'resnet',
  title: 'ResNet',
  namings: [
    ours((weights) => isResNet(weights) && !weights.has('fc.weight') && !weights.has('conv1.0.weight'), { unused }),
    timm,
    torchvision,
    { ...ours((weights) => isResNet(weights), { unused }), name: 'mmpretrain', toOurs: withoutClassifier },
  ],
  describe: (weights) => {
    const config = configOf(weights);
    return { config, spec: resnetSpec(config), notes: ['strides and dilations are no part of the weights'] };
  },
};
