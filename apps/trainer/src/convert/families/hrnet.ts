import { type HRNetConfig, hrnetSpec } from '@gss/hrnet';
import { anyName, type Family, ours, renamed } from '../family.js';
import { shapesOf, times } from '../shapes.js';
import type { Weights } from '../weights.js';

const isHRNet = (weights: Weights) => weights.has('stage2.0.branches.0.0.conv1.weight');
const classifier = /^(incre_modules|downsamp_modules|final_layer|classifier)\./;

function configOf(weights: Weights): HRNetConfig {
  const { side, count } = shapesOf(weights);
  const stage = (n: number) => {
    const branches = `stage${n}.0.branches.`;
    return {
      modules: count(`stage${n}.`),
      blocks: times(count(branches), (i) => count(`${branches}${i}.`)),
      channels: times(count(branches), (i) => side(`${branches}${i}.0.conv1.weight`, 0)),
    };
  };
  const stages = [stage(2), stage(3), stage(4)] as const;
  return {
    channels: stages[2].channels,
    first: { blocks: count('layer1.'), planes: side('layer1.0.conv1.weight', 0) },
    stages,
  };
}

/** HRNet: ours are mmsegmentation's names, which are the authors' and timm's, too; those bring a classifier. */
export const hrnet: Family = {
  name: 'hrnet',
  title: 'HRNet',
  namings: [
    ours((weights) => isHRNet(weights) && !anyName(weights, classifier)),
    {
      name: 'timm',
      recognise: isHRNet,
      toOurs: (weights) => renamed(weights, (name) => (classifier.test(name) ? undefined : name)),
      fromOurs: (weights) => weights,
      unused: [[classifier, 'classifier']],
    },
  ],
  describe: (weights) => {
    const config = configOf(weights);
    return { config, spec: hrnetSpec(config) };
  },
};
