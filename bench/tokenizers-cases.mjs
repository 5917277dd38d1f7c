// The tokenizers that bench/tokenizers.mjs measures: configuration, parameters, inputs, and both directions.

/** What the benches of the tokenizers bundle. */
export const tokenizerPackages = {
  tensor: '@gss/tensor',
  node: '@gss/tensor/node',
  vqvae: '@gss/vqvae',
  checkpoint: '@gss/checkpoint',
};

/** Every case by name: `sizes` are sides of square images in pixels. */
export function tokenizerCases({ tf, tensor, vqvae }) {
  const {
    compactSpec,
    compactTokenizer,
    compactVariants,
    dvaeSpec,
    dvaeTokenizer,
    dvaeVariants,
    uvimSpec,
    uvimTokenizer,
    uvimVariants,
    vqganSpec,
    vqganTokenizer,
    vqganVariants,
  } = vqvae;
  const rng = tensor.createRng(5);
  const values = (shape, next) => tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, next), shape);
  /** Blocks of flat colour, as maskiges have. */
  const maskige = (side) => {
    const colours = Float32Array.from({ length: 64 * 3 }, () => rng.uniform());
    const label = (y, x) => (Math.floor(y / 23) * 7 + Math.floor(x / 31) * 3 + Math.floor((x + y) / 47)) % 64;
    return values([1, side, side, 3], (_, i) => {
      const at = Math.floor(i / 3);
      return colours[3 * label(Math.floor(at / side), at % side) + (i % 3)];
    });
  };
  const checkTokens = false;
  const memory = 2 ** 33; // untiled at these sizes
  const simple = (family, name, config, specOf, tokenizerOf, sizes) => ({
    name,
    family,
    config,
    sizes,
    spec: specOf(config),
    image: maskige,
    context: () => undefined,
    tokenizer: (params) => tokenizerOf(config, params, { checkTokens, memory }),
  });
  const dvae = (name, config) => simple('dvae', name, config, dvaeSpec, dvaeTokenizer, [256, 512]);
  const vqgan = (name, config, side = 512) => simple('vqgan', name, config, vqganSpec, vqganTokenizer, [side]);
  const compact = (name, config) => simple('compact', name, config, compactSpec, compactTokenizer, [512]);
  const uvim = (name, config) => ({
    name,
    family: 'uvim',
    config,
    sizes: [config.inputSize[0]],
    spec: uvimSpec(config),
    image: (side) => {
      const labels = tf.range(0, side * side, 1, 'int32');
      return tf.tidy(() => {
        const map = tf.mod(tf.floorDiv(labels, tf.scalar(97, 'int32')), tf.scalar(config.classes, 'int32'));
        return tf.reshape(tf.cast(tf.oneHot(map, config.classes), 'float32'), [1, side, side, config.classes]);
      });
    },
    context: () => values([1, ...config.inputSize, 3], () => rng.uniform()),
    tokenizer: (params) => uvimTokenizer(config, params, { checkTokens }),
  });
  return [
    compact('compact nano', compactVariants.nano),
    compact('compact small', compactVariants.small),
    compact('compact small8', compactVariants.small8),
    vqgan('VQGAN nano', vqganVariants.nano, 128),
    vqgan('VQGAN f16', vqganVariants.f16),
    vqgan('VQGAN f8', vqganVariants.f8),
    uvim('UViM nano', uvimVariants.nano),
    uvim('UViM base', uvimVariants.base),
    dvae('dVAE nano', dvaeVariants.nano),
    dvae('dVAE', dvaeVariants.paper),
  ];
}
