// A small network with every kind of layer of the project: 4×4 patch embedding, two Swin stages, a conv3×3 + BN + ReLU
// decoder with upsampling, softmax cross entropy over 19 classes, AdamW. Batch 8, 128 × 128.
const batch = 8;
const size = 128;
const classes = 19;
const window = 8;

export function createNetwork(tf, gss) {
  const { linearSpec, layerNormSpec, windowAttentionSpec, convSpec, convNoBiasSpec, batchNormSpec } = gss;
  const block = (dim, heads) => ({
    norm1: layerNormSpec(dim),
    attn: windowAttentionSpec({ dim, window, heads }),
    norm2: layerNormSpec(dim),
    up: linearSpec(dim, 4 * dim),
    down: linearSpec(4 * dim, dim),
  });
  const convBn = (inputs, outputs) => ({ conv: convNoBiasSpec(3, inputs, outputs), bn: batchNormSpec(outputs) });
  const spec = {
    embed: convSpec(4, 3, 64),
    stage1: [block(64, 2), block(64, 2)],
    merge: { norm: layerNormSpec(256), reduction: linearSpec(256, 128) },
    stage2: [block(128, 4), block(128, 4)],
    decode1: convBn(128, 64),
    decode2: convBn(64, 64),
    decode3: convBn(64, 32),
    head: convSpec(1, 32, classes),
  };
  const rng = gss.createRng(1);
  let params = gss.trainable(spec, gss.initParams(spec, rng));
  const images = tf.tensor4d(
    Float32Array.from({ length: batch * size * size * 3 }, () => rng.uniform()),
    [batch, size, size, 3],
  );
  const half = size / 2;
  const labels = Int32Array.from({ length: batch * half * half }, () => rng.int(classes));
  const truth = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32'));

  const swinBlock = (x, p, heads, shift) => {
    const y = tf.add(x, gss.shiftedWindowAttention(gss.layerNorm(x, p.norm1), p.attn, { window, heads, shift }));
    return tf.add(y, gss.linear(gss.gelu(gss.linear(gss.layerNorm(y, p.norm2), p.up)), p.down));
  };
  const merge = (x, p) => {
    const [B, H, W, C] = x.shape;
    const grid = tf.transpose(tf.reshape(x, [B, H / 2, 2, W / 2, 2, C]), [0, 1, 3, 2, 4, 5]);
    return gss.linear(gss.layerNorm(tf.reshape(grid, [B, H / 2, W / 2, 4 * C]), p.norm), p.reduction);
  };
  const decode = (x, p, training) => tf.relu(gss.batchNorm(gss.conv2d(x, p.conv.weight), p.bn, training));
  const forward = (training) => {
    let x = gss.conv(images, params.embed, { stride: 4, padding: 0 }); // [8, 32, 32, 64]
    x = swinBlock(x, params.stage1[0], 2, 0);
    const fine = swinBlock(x, params.stage1[1], 2, window / 2);
    x = merge(fine, params.merge); // [8, 16, 16, 128]
    x = swinBlock(x, params.stage2[0], 4, 0);
    x = swinBlock(x, params.stage2[1], 4, window / 2);
    x = decode(gss.resize(x, [32, 32]), params.decode1, training);
    x = decode(tf.add(x, fine), params.decode2, training);
    x = decode(gss.resize(x, [64, 64]), params.decode3, training); // [8, 64, 64, 32]
    const logits = tf.reshape(gss.conv(x, params.head), [-1, classes]);
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), truth), 1)));
  };

  const moments = new Map();
  let count = 0;
  const update = (variable, gradient) => {
    const old = moments.get(variable) ?? { m: tf.zerosLike(variable), v: tf.zerosLike(variable) };
    const [m, v, next] = tf.tidy(() => {
      const m = tf.add(tf.mul(old.m, 0.9), tf.mul(gradient, 0.1));
      const v = tf.add(tf.mul(old.v, 0.999), tf.mul(tf.square(gradient), 0.001));
      const direction = tf.div(tf.div(m, 1 - 0.9 ** count), tf.add(tf.sqrt(tf.div(v, 1 - 0.999 ** count)), 1e-8));
      return [m, v, tf.sub(tf.mul(variable, 1 - 1e-3 * 0.01), tf.mul(direction, 1e-3))];
    });
    tf.dispose(old);
    moments.set(variable, { m, v });
    variable.assign(next);
    next.dispose();
  };

  return {
    /** One training step; returns the loss before it. */
    step() {
      count++;
      const training = gss.createTraining(rng);
      const variables = [...gss.variablesOf(params).values()];
      const { value, grads } = tf.variableGrads(() => forward(training), variables);
      for (const variable of variables) update(variable, grads[variable.name]);
      tf.dispose(grads);
      params = gss.withStatistics(params, training);
      const loss = value.dataSync()[0];
      value.dispose();
      return loss;
    },
  };
}
