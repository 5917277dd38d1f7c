/** Single kernels with sizes from a training step; `kernels` are the names that a backend must have to run the case. */
export function kernelCases(tf, _gss) {
  let seed = 0;
  const random = (...shape) => tf.randomNormal(shape, 0, 1, 'float32', ++seed);
  const cases = [];
  const add = (name, kernels, inputs, run, flops = 0) => cases.push({ name, kernels, inputs, run, flops });

  const matMul = (a, b, ta, tb, note) => {
    const [m, k] = ta ? a.toSpliced(-2, 2, a.at(-1), a.at(-2)).slice(-2) : a.slice(-2);
    const n = tb ? b.at(-2) : b.at(-1);
    const batch = a.slice(0, -2).reduce((x, y) => x * y, 1);
    const name = `matMul ${note} [${a}]${ta ? 'ᵀ' : ''} × [${b}]${tb ? 'ᵀ' : ''}`;
    add(
      name,
      ['BatchMatMul'],
      () => [random(...a), random(...b)],
      (x, y) => tf.matMul(x, y, ta, tb),
      2 * batch * m * n * k,
    );
  };
  matMul([8192, 64], [64, 256], false, false, 'linear');
  matMul([8192, 256], [64, 256], false, true, 'dx');
  matMul([8192, 64], [8192, 256], true, false, 'dw');
  matMul([2048, 512], [512, 128], false, false, 'linear');
  matMul([512, 512], [512, 512], false, false, 'square');
  matMul([256, 64, 32], [256, 64, 32], false, true, 'scores');
  matMul([256, 64, 64], [256, 64, 32], false, false, 'mix');
  matMul([256, 49, 32], [256, 49, 32], false, true, 'scores');
  matMul([256, 49, 49], [256, 49, 32], true, false, 'dv');

  const conv = (x, w, stride) => {
    const outputs = (x[0] * x[1] * x[2]) / stride ** 2;
    const flops = 2 * outputs * w.reduce((a, b) => a * b, 1);
    const y = [x[0], x[1] / stride, x[2] / stride, w[3]];
    const note = `[${x}] × [${w}] stride ${stride}`;
    add(
      `conv2d ${note}`,
      ['Conv2D'],
      () => [random(...x), random(...w)],
      (a, b) => tf.conv2d(a, b, stride, 'same'),
      flops,
    );
    const attrs = { strides: stride, pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined };
    add(
      `conv2d filter gradient ${note}`,
      ['Conv2DBackpropFilter'],
      () => [random(...x), random(...y)],
      (a, dy) => tf.engine().runKernel('Conv2DBackpropFilter', { x: a, dy }, { ...attrs, filterShape: w }),
      flops,
    );
    add(
      `conv2d input gradient ${note}`,
      ['Conv2DBackpropInput'],
      () => [random(...y), random(...w)],
      (dy, filter) => tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x }),
      flops,
    );
  };
  conv([8, 32, 32, 128], [3, 3, 128, 64], 1);
  conv([8, 64, 64, 64], [3, 3, 64, 32], 1);
  conv([8, 128, 128, 16], [3, 3, 16, 16], 1);
  conv([8, 64, 64, 32], [1, 1, 32, 19], 1);
  conv([8, 128, 128, 3], [4, 4, 3, 64], 4);
  conv([8, 64, 64, 32], [3, 3, 32, 64], 2);

  const one = (name, kernel, shape, run) => add(`${name} [${shape}]`, [kernel], () => [random(...shape)], run);
  one('transpose 0,1,3,2,4,5', 'Transpose', [8, 4, 8, 4, 8, 64], (x) => tf.transpose(x, [0, 1, 3, 2, 4, 5]));
  one('transpose 2,0,3,1,4', 'Transpose', [128, 64, 3, 2, 32], (x) => tf.transpose(x, [2, 0, 3, 1, 4]));
  one('transpose 2,0,1,3', 'Transpose', [8, 64, 64, 32], (x) => tf.transpose(x, [2, 0, 1, 3]));
  one('transpose 1,0', 'Transpose', [1024, 1024], (x) => tf.transpose(x));
  one('sum last axis', 'Sum', [8192, 256], (x) => tf.sum(x, -1));
  one('sum axes 0,1,2', 'Sum', [8, 64, 64, 32], (x) => tf.sum(x, [0, 1, 2]));
  one('mean last axis', 'Mean', [8192, 256], (x) => tf.mean(x, -1));
  one('exp', 'Exp', [8192, 256], tf.exp);
  one('erf', 'Erf', [8192, 256], tf.erf);
  one('log', 'Log', [8192, 256], (x) => tf.log(x));
  one('sigmoid', 'Sigmoid', [8192, 256], tf.sigmoid);
  one('tanh', 'Tanh', [8192, 256], tf.tanh);
  one('softmax', 'Softmax', [256, 64, 64], (x) => tf.softmax(x));
  one('logSoftmax', 'Exp', [32768, 19], (x) => tf.logSoftmax(x));
  one('max last axis', 'Max', [32768, 19], (x) => tf.max(x, -1));
  one('relu', 'Relu', [8, 64, 64, 32], tf.relu);
  one('step', 'Step', [8, 64, 64, 32], (x) => tf.step(x));
  one('square', 'Square', [8192, 256], tf.square);
  one('sqrt', 'Sqrt', [8192, 256], tf.sqrt);
  one('neg', 'Neg', [8192, 256], tf.neg);
  one('multiply by a scalar', 'Multiply', [8192, 256], (x) => tf.mul(x, 0.5));
  one('pad', 'PadV2', [8, 64, 64, 32], (x) =>
    tf.pad(x, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]),
  );
  one('slice', 'Slice', [8, 66, 66, 32], (x) => tf.slice(x, [0, 1, 1, 0], [8, 64, 64, 32]));
  one('unstack', 'Unpack', [3, 256, 64, 32], (x) => tf.unstack(x)[1]);
  one('split', 'SplitV', [8, 32, 32, 64], (x) => tf.split(x, [4, 28], 1)[1]);
  one('concat', 'Concat', [8, 32, 32, 64], (x) => tf.concat([x, x], 2));
  one('tile', 'Tile', [8, 32, 1, 32, 64], (x) => tf.tile(x, [1, 1, 2, 1, 2]));
  one('resizeBilinear', 'ResizeBilinear', [8, 32, 32, 64], (x) => tf.image.resizeBilinear(x, [64, 64], false, true));
  one('resizeNearestNeighbor', 'ResizeNearestNeighbor', [8, 32, 32, 64], (x) =>
    tf.image.resizeNearestNeighbor(x, [64, 64]),
  );
  one('argMax', 'ArgMax', [32768, 19], (x) => tf.argMax(x, -1));
  one('clone', 'Identity', [8192, 256], (x) => tf.clone(x));
  one('cast to int32', 'Cast', [8192, 256], (x) => tf.cast(x, 'int32'));
  one('maxPool', 'MaxPool', [8, 64, 64, 32], (x) => tf.maxPool(x, 2, 2, 'valid'));
  const two = (name, kernel, a, b, run) =>
    add(`${name} [${a}], [${b}]`, [kernel], () => [random(...a), random(...b)], run);
  two('add', 'Add', [8192, 256], [8192, 256], tf.add);
  two('add', 'Add', [8192, 256], [256], tf.add);
  two('add', 'Add', [128, 2, 64, 64], [2, 64, 64], tf.add);
  two('subtract', 'Sub', [8192, 256], [8192, 1], tf.sub);
  two('multiply', 'Multiply', [8192, 256], [8192, 256], tf.mul);
  two('divide', 'RealDiv', [8192, 256], [8192, 256], tf.div);
  two('maximum', 'Maximum', [8192, 256], [8192, 256], tf.maximum);
  two('squaredDifference', 'SquaredDifference', [8192, 256], [8192, 256], tf.squaredDifference);
  two('squaredDifference', 'SquaredDifference', [8192, 256], [8192, 1], tf.squaredDifference);
  two('greater', 'Greater', [8192, 256], [8192, 256], tf.greater);
  two('where', 'Select', [8192, 256], [8192, 256], (a, b) => tf.where(tf.greater(a, 0), a, b));
  two('addN', 'AddN', [8192, 256], [8192, 256], (a, b) => tf.addN([a, b, a]));
  add(
    'gather rows',
    ['GatherV2'],
    () => [random(4096, 64), tf.range(0, 8192, 1, 'int32').mod(tf.scalar(4096, 'int32'))],
    (x, i) => tf.gather(x, i),
  );
  add(
    'oneHot',
    ['OneHot'],
    () => [tf.range(0, 32768, 1, 'int32').mod(tf.scalar(19, 'int32'))],
    (i) => tf.oneHot(i, 19),
  );
  const depthwise = (x, w) => {
    const flops = 2 * x.reduce((a, b) => a * b, 1) * w[0] * w[1];
    const attrs = { strides: [1, 1], dilations: [1, 1], pad: 'same', dimRoundingMode: undefined };
    const note = `[${x}] × [${w}]`;
    add(
      `depthwise ${note}`,
      ['DepthwiseConv2dNative'],
      () => [random(...x), random(...w)],
      (a, b) => tf.depthwiseConv2d(a, b, 1, 'same'),
      flops,
    );
    const gradient = (kernel, inputs, extra) => (a, b) =>
      tf.engine().runKernel(kernel, inputs(a, b), { ...attrs, ...extra });
    const filter = gradient('DepthwiseConv2dNativeBackpropFilter', (a, dy) => ({ x: a, dy }), { filterShape: w });
    add(
      `depthwise filter gradient ${note}`,
      ['DepthwiseConv2dNativeBackpropFilter'],
      () => [random(...x), random(...x)],
      filter,
      flops,
    );
    const input = gradient('DepthwiseConv2dNativeBackpropInput', (dy, f) => ({ dy, filter: f }), { inputShape: x });
    add(
      `depthwise input gradient ${note}`,
      ['DepthwiseConv2dNativeBackpropInput'],
      () => [random(...x), random(...w)],
      input,
      flops,
    );
  };
  depthwise([8, 32, 32, 96], [3, 3, 96, 1]);
  const only = process.env.ONLY;
  return only ? cases.filter(({ name }) => name.includes(only)) : cases;
}
