// Images a second of a training step with its data: pictures decoded, resized, cropped, flipped and distorted by one worker, then
// forward, backward and AdamW behind EfficientNet-Lite0 and behind the nano Swin, 8 crops of 256²: of GSS (nano head, tokens by the
// nano tokenizer of 512 codes in every step, token and pixel loss) and of its discriminative twin. Native backend against PyTorch with the same weights, pictures, augmentation, threads and one loader process, in turns
// in one run.
//   pnpm build && GSS_PYTHON=…/bin/python node bench/training-rate.mjs
//   --kind gss,twin  --only efficientnet-lite0,swin-nano  --steps 4  --rounds 3  --batch 8  --crop 256  --threads 2  --data DIR (images/train, labels/train)
//   --torch default,tuned  --layouts contiguous,channels_last   less of PyTorch, for a shorter run
//   --check 2                 steps on one batch before, whose losses must agree
// Prints time by the clock, the share of it that the step waited for data, and processor time of all threads and loaders, which
// other programs on the machine distort less.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startTorch } from './torch.mjs';

const { values: options } = parseArgs({
  options: {
    kind: { type: 'string', default: 'gss,twin' },
    only: { type: 'string', default: 'efficientnet-lite0,swin-nano' },
    steps: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    batch: { type: 'string', default: '8' },
    crop: { type: 'string', default: '256' },
    threads: { type: 'string', default: `${availableParallelism()}` },
    data: { type: 'string' },
    torch: { type: 'string', default: 'default,tuned' },
    layouts: { type: 'string', default: 'contiguous,channels_last' },
    check: { type: 'string', default: '2' },
  },
});
const [steps, rounds, batchSize, crop, threads] = ['steps', 'rounds', 'batch', 'crop', 'threads'].map((key) =>
  Number(options[key]),
);
const layouts = options.layouts.split(',');
process.env.TF_NUM_INTRAOP_THREADS = options.threads;

// The packages as the trainer sees them: one tfjs for all.
const home = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(home, 'apps/trainer/package.json'));
const tf = await import(pathToFileURL(require.resolve('@tensorflow/tfjs-core')).href);
const loadBuilt = (name, sub = '') => import(join(home, 'packages', name, 'dist', sub, 'index.js'));
const [tensor, node, train, trainNode, segmenter, prior, vqvae, maskige, checkpoint, datasets] = await Promise.all([
  loadBuilt('tensor'),
  loadBuilt('tensor', 'node'),
  loadBuilt('train'),
  loadBuilt('train', 'node'),
  loadBuilt('segmenter'),
  loadBuilt('prior'),
  loadBuilt('vqvae'),
  loadBuilt('maskige'),
  loadBuilt('checkpoint'),
  loadBuilt('datasets', 'node'),
]);
console.log((await node.selectBackend({ backend: 'tensorflow' })).device);

const folder = mkdtempSync(join(tmpdir(), 'gss-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const data = options.data ? resolve(options.data) : join(folder, 'data');
if (!options.data) {
  const scenes = { kind: 'synthetic-streets', seed: 1, count: 24, width: 480, height: 360, split: 'train' };
  await datasets.prepareDataset({ source: scenes, out: data, format: 'folder', split: 'train' });
}
const source = { kind: 'folder', root: data, split: 'train' };
const dataset = await datasets.openDataset(source);
const classes = dataset.classes.length;
const { image: first } = await dataset.read(0);
const pipeline = [
  { type: 'Resize', width: first.width, height: first.height, ratioRange: [0.75, 1.5] },
  { type: 'RandomCrop', width: crop, height: crop, catMaxRatio: 0.75 },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PhotoMetricDistortion' },
  { type: 'Pad', width: crop, height: crop },
];
const labelsOf = new Map(readdirSync(join(data, 'labels/train')).map((file) => [parse(file).name, file]));
const pairs = readdirSync(join(data, 'images/train'))
  .sort()
  .map((file) => [join(data, 'images/train', file), join(data, 'labels/train', labelsOf.get(parse(file).name))]);

const torches = [];
try {
  for (const kind of options.torch.split(',').filter(Boolean)) {
    const tuned = kind === 'tuned';
    torches.push({
      label: `torch ${kind}`,
      process: await startTorch({ script: 'training-rate.py', tuned, threads }),
    });
  }
  console.log(torches.length ? `PyTorch ${torches[0].process.version}, ${threads} threads` : 'PyTorch: left out');
} catch (error) {
  console.log(`PyTorch: NOT HERE, ours alone is measured (${error.message}). Name a Python that has it in GSS_PYTHON.`);
}
const tell = (question) => Promise.all(torches.map(({ process }) => process.ask(question)));

const codes = 512;
/** A file that Python reads. */
function store(name, entries) {
  const path = join(folder, name);
  writeFileSync(path, checkpoint.serializeSafetensors(entries));
  return path;
}

const norms = {
  swin: { mean: segmenter.imageNetMean, std: segmenter.imageNetStd },
  efficientnet: { mean: [127, 127, 127], std: [128, 128, 128] },
};

/** A model with nothing dropped at random. */
function modelOf(kind, name) {
  const variant = segmenter.backboneVariants[name];
  if (!norms[variant?.type])
    throw new Error(`--only: ${name} is not measured here; efficientnet-lite* and swin-* are.`);
  const backbone = { ...variant, config: { ...variant.config, dropPath: 0 } };
  const features = segmenter.backboneChannels(backbone);
  const head = { ...prior.priorVariants.nano, features, classes, vocabulary: codes, tokenDropout: 0 };
  return { kind, backbone, prior: kind === 'twin' ? segmenter.twinHead(head) : head, ...norms[variant.type] };
}

/** Stage I, the same for all: random weights, a colour for each class and black for unlabelled pixels. */
const stage1 = { ...vqvae.compactVariants.nano, codes };
const stage1Spec = vqvae.compactSpec(stage1);
const stage1Params = tensor.initParams(stage1Spec, tensor.createRng(3));
const tokenizer = vqvae.compactTokenizer(stage1, stage1Params, { checkTokens: false });
const colours = new Float32Array(3 * 256);
colours.set(
  maskige
    .maximalDistancePalette(classes)
    .flat()
    .map((value) => value / 255),
);
const palette = tf.tensor2d(colours, [256, 3]);
await tell({
  do: 'tokenizer',
  config: stage1,
  file: store('tokenizer', await tensor.stateDict(stage1Spec, stage1Params)),
  palette: [...colours],
});

const lossOf = {
  twin: ({ pixelLogits }, labels) => prior.crossEntropy(tensor.resize(pixelLogits, labels.shape.slice(1)), labels, 255),
  gss({ tokenLogits, pixelLogits }, labels) {
    const token = prior.crossEntropy(tokenLogits, tokenizer.encode(tf.gather(palette, labels)), codes);
    return tf.add(tf.mul(0.8, token), tf.mul(0.2, lossOf.twin({ pixelLogits }, labels)));
  },
};

/** Our side of a model: its step, and a measured stretch of steps with data. */
async function ours(model, params) {
  const spec = segmenter.networkSpec(model);
  let trained = tensor.trainable(spec, params);
  const unread = model.kind === 'twin' ? /\.conv_(before_)?seg\./ : /$^/; // the token classifier, which the twin has not
  const variables = new Map([...tensor.variablesOf(trained)].filter(([name]) => !unread.test(name)));
  const optimizer = train.adamW();
  const step = async ({ images, labels, width, height }) => {
    const training = tensor.createTraining(tensor.createRng(1));
    const loss = () => {
      const shape = [labels.length / (width * height), height, width];
      const image = segmenter.normalize(tf.tensor4d(Float32Array.from(images), [...shape, 3]), model);
      const output = segmenter.network(image, trained, model, training);
      return { loss: lossOf[model.kind](output, tf.tensor3d(Int32Array.from(labels), shape, 'int32')) };
    };
    const result = await train.trainStep({ loss, variables, optimizer, learningRate: 1e-4 });
    trained = tensor.withStatistics(trained, training);
    return result.loss;
  };
  const loader = trainNode.createLoader({ source, length: dataset.length, pipeline, batchSize, seed: 1 });
  await loader.next();
  return {
    step,
    async stretch() {
      const [start, before, waited] = [performance.now(), process.cpuUsage(), loader.waited];
      for (let i = 0; i < steps; i++) await step(await loader.next());
      const { user, system } = process.cpuUsage(before);
      return { ms: performance.now() - start, cpu: (user + system) / 1000, waited: loader.waited - waited };
    },
    async close() {
      await loader.close();
      optimizer.dispose();
      tensor.disposeTree(trained);
    },
  };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const images = steps * batchSize;
const rate = (list, key) => median(list.map((time) => images / (time[key] / 1000)));
const show = (list) =>
  `${rate(list, 'ms').toFixed(2)} images/s, ${rate(list, 'cpu').toFixed(2)} a second of processor time, ${median(list.map(({ ms, waited }) => (100 * waited) / ms)).toFixed(1)} % waiting for data`;

const wanted = options.only.split(',').flatMap((name) => options.kind.split(',').map((kind) => ({ name, kind })));
for (const { name, kind } of wanted) {
  if (!lossOf[kind]) throw new Error(`--kind: ${kind} is neither gss nor twin.`);
  const model = modelOf(kind, name);
  const spec = segmenter.networkSpec(model);
  const params = tensor.initParams(spec, tensor.createRng(2));
  const weights = store('weights', await tensor.stateDict(spec, params));
  const { backbone, prior: head, mean, std } = model;
  const parts = { kind, family: backbone.type, backbone: backbone.config, head, mean, std };
  await tell({ do: 'load', ...parts, weights, threads, layouts });
  await tell({ do: 'data', pairs, crop, batch: batchSize, workers: 1 });
  const mine = await ours(model, params);
  const samples = Array.from({ length: batchSize }, (_, index) => ({ epoch: 0, index }));
  const batch = await trainNode.makeBatch({ source, pipeline, seed: 3, samples });
  const shape = [batchSize, crop, crop];
  const check = new Map([
    ['images', { dtype: 'F32', shape: [...shape, 3], data: Float32Array.from(batch.images) }],
    ['labels', { dtype: 'I32', shape, data: Int32Array.from(batch.labels) }],
  ]);
  const file = store('batch', check);
  const losses = [];
  for (let i = 0; i < Number(options.check); i++) losses.push(await mine.step(batch));
  const runners = torches.flatMap(({ label, process }) =>
    layouts.map((layout) => ({ label: `${label} ${layout}`, process, layout, times: [] })),
  );
  for (const { label, process, layout } of runners) {
    const theirs = (await process.ask({ do: 'check', file, layout, steps: losses.length })).losses;
    for (const [i, loss] of losses.entries())
      if (!(Math.abs(loss - theirs[i]) < 2e-3 * Math.abs(loss)))
        throw new Error(`${kind}, ${name}: loss ${i} is ${loss}, that of ${label} ${theirs[i]}`);
  }
  const agree = runners.length ? ', as PyTorch’s' : '';
  console.log(
    `\n${kind}, ${name}, ${batchSize} × ${crop}²: losses ${losses.map((loss) => loss.toFixed(5)).join(' ')}${agree}`,
  );
  const own = [];
  for (let round = 0; round < rounds; round++) {
    own.push(await mine.stretch());
    for (const { process, layout, times } of runners) times.push(await process.ask({ do: 'steps', steps, layout }));
  }
  console.log(`  ours: ${show(own)}`);
  for (const { label, times } of runners) {
    const ratio = (key) => median(own.map((time, r) => times[r][key] / time[key])).toFixed(2);
    console.log(
      `  ${label}: ${show(times)} → ours ${ratio('ms')}× as fast by the clock, ${ratio('cpu')}× by processor time`,
    );
  }
  await mine.close();
}
console.log(`\nload ${loadavg()[0].toFixed(1)}`);
for (const { process } of torches) process.end();
