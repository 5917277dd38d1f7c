// The networks that bench/backbones.mjs measures: configuration, parameters, inputs, maps and a loss.

/** What the bench bundles. */
export const backbonePackages = {
  tensor: '@gss/tensor',
  node: '@gss/tensor/node',
  swin: '@gss/swin',
  resnet: '@gss/resnet',
  hrnet: '@gss/hrnet',
  prior: '@gss/prior',
  train: '@gss/train',
  checkpoint: '@gss/checkpoint',
};

const classes = 150;
const vocabulary = 8192;

/** Every case by name. `inputs(side)` are named tensors; `maps` gives outputs; `loss` a scalar of them. Nothing is dropped at random. */
export function backboneCases({ tf, swin, resnet, hrnet, prior }) {
  const meanSquares = (maps) => maps.map((map) => tf.mean(tf.square(map))).reduce((sum, term) => tf.add(sum, term));
  const backbone = (name, family, config, spec, forward) => ({
    name,
    family,
    config,
    spec,
    inputs: (side) => ({ image: tf.randomNormal([1, side, side, 3], 0, 1, 'float32', 1) }),
    maps: ({ image }, params, training) => forward(image, params, config, training),
    loss: meanSquares,
  });
  const head = (name, features, more = {}) => {
    const config = { ...prior.priorVariants.swin, features, classes, vocabulary, tokenDropout: 0, ...more };
    return {
      name,
      family: 'prior',
      config,
      spec: prior.priorSpec(config),
      inputs: (side) => ({
        ...Object.fromEntries(
          features.map((channels, i) => {
            const size = Math.ceil(side / 4 / 2 ** i);
            return [`map${i}`, tf.randomNormal([1, size, size, channels], 0, 1, 'float32', i + 1)];
          }),
        ),
        tokens: tf.cast(tf.randomUniform([1, side / 4, side / 4], 0, vocabulary, 'float32', 9), 'int32'),
        labels: tf.cast(tf.randomUniform([1, side / 4, side / 4], 0, classes, 'float32', 10), 'int32'),
      }),
      maps(inputs, params, training) {
        const maps = features.map((_, i) => inputs[`map${i}`]);
        const { tokenLogits, pixelLogits } = prior.prior(maps, params, config, training);
        return [tokenLogits, pixelLogits];
      },
      loss: ([tokenLogits, pixelLogits], { tokens, labels }) =>
        tf.add(
          tf.mul(prior.crossEntropy(tokenLogits, tokens, vocabulary), 0.8),
          tf.mul(prior.crossEntropy(pixelLogits, labels, 255), 0.2),
        ),
    };
  };
  const t = { ...swin.swinVariants.T, dropPath: 0 };
  const r = resnet.resnetVariants['101-d8'];
  const w = hrnet.hrnetVariants.W48;
  return [
    backbone('swin-t', 'swin', t, swin.swinSpec(t), swin.swin),
    backbone('resnet-101', 'resnet', r, resnet.resnetSpec(r), resnet.resnet),
    backbone('hrnet-w48', 'hrnet', w, hrnet.hrnetSpec(w), hrnet.hrnet),
    head('head-swin-t', swin.swinVariants.T.channels),
    head('head-swin-l', swin.swinVariants.L.channels),
  ];
}
