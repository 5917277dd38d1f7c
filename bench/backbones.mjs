// Forward pass and training step (AdamW's update included) of Swin-T, ResNet-101 (V1c, dilated), HRNet-W48 and the token head
// on the native backend against PyTorch with the same weights, inputs and threads, in turns in one run. The maps, and the
// losses of the training steps, are compared: a wrong gradient or update shows in the next loss.
//   GSS_PYTHON=…/bin/python node bench/backbones.mjs            all of them (ten minutes; the head's step wants 8 GiB)
//   --only swin-t,head-swin-t  --what forward,step  --size 512  --step-size 512  --rounds 3  --threads 2
//   --torch default,tuned  --layouts contiguous,channels_last   less of PyTorch, for a shorter run
//   --profile                 where the time goes on our side, operation by operation of TensorFlow
// PyTorch is measured in both memory formats, the faster counts, and twice: as it comes, and tuned (its malloc keeps memory,
// its threads sleep while they wait). A ratio above 1 says that ours is faster. Without PyTorch our times alone are printed.
// Needs no build: the packages are bundled from their sources.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backboneCases, backbonePackages } from './backbones-cases.mjs';
import { bundlePackages, parametersOf } from './bundle.mjs';
import { profileOperations } from './profile.mjs';
import { startTorch } from './torch.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    what: { type: 'string', default: 'forward,step' },
    size: { type: 'string', default: '512' },
    'step-size': { type: 'string', default: '512' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: `${availableParallelism()}` },
    torch: { type: 'string', default: 'default,tuned' },
    layouts: { type: 'string', default: 'contiguous,channels_last' },
    profile: { type: 'boolean', default: false },
  },
});
const [rounds, threads] = [Number(options.rounds), Number(options.threads)];
const layouts = options.layouts.split(',');
process.env.TF_NUM_INTRAOP_THREADS = options.threads;

const packages = await bundlePackages('backbones', backbonePackages);
const { tf, tensor, node, train, checkpoint } = packages;
console.log((await node.selectBackend({ backend: 'tensorflow' })).device);
const folder = mkdtempSync(join(tmpdir(), 'gss-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const torches = [];
try {
  for (const kind of options.torch.split(',').filter(Boolean)) {
    const tuned = kind === 'tuned';
    torches.push({ label: `torch ${kind}`, process: await startTorch({ script: 'backbones.py', tuned, threads }) });
  }
  console.log(torches.length ? `PyTorch ${torches[0].process.version}, ${threads} threads` : 'PyTorch: left out');
} catch (error) {
  console.log(`PyTorch: NOT HERE, ours alone is measured (${error.message}). Name a Python that has it in GSS_PYTHON.`);
}
const tell = (question) => Promise.all(torches.map(({ process }) => process.ask(question)));

/** A file that Python reads, of stored or of tfjs tensors. */
function store(name, entries) {
  const path = join(folder, name);
  writeFileSync(path, checkpoint.serializeSafetensors(entries));
  return path;
}
const stored = (t) => ({ dtype: t.dtype === 'int32' ? 'I32' : 'F32', shape: t.shape, data: t.dataSync() });

/** Largest difference of our maps to PyTorch's, over the largest value; of every fourth position of large maps. */
async function compare(maps) {
  const every = maps[0].size > 2e7 ? 4 : 1;
  const file = join(folder, 'maps');
  let worst = 0;
  for (const layout of torches.length ? layouts : []) {
    await torches[0].process.ask({ do: 'forward', layout, file, every });
    const theirs = checkpoint.parseSafetensors(readFileSync(file));
    for (const [i, map] of maps.entries()) {
      const sampled = tf.tidy(() => tf.stridedSlice(map, [0, 0, 0, 0], map.shape, [1, every, every, 1]).dataSync());
      const { data } = theirs.get(`${i}`);
      if (data.length !== sampled.length) throw new Error(`map ${i}: ${sampled.length} values, PyTorch ${data.length}`);
      let [largest, difference] = [0, 0];
      for (let k = 0; k < data.length; k++) {
        largest = Math.max(largest, Math.abs(data[k]));
        difference = Math.max(difference, Math.abs(data[k] - sampled[k]));
      }
      worst = Math.max(worst, difference / largest);
    }
  }
  if (!(worst < 1e-3)) throw new Error(`maps differ from PyTorch's by ${worst} of the largest value`);
  return worst;
}

async function clocked(run) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const answer = await run();
  const { user, system } = process.cpuUsage(before);
  return { ...answer, ms: performance.now() - start, cpu: (user + system) / 1000 };
}

/** Times of each runner, taken in turns; the first round of all warms up. */
async function interleave(runners) {
  const times = runners.map(() => []);
  for (let round = -1; round < rounds; round++)
    for (const [i, run] of runners.entries()) {
      const time = await run();
      if (round >= 0) times[i].push(time);
      else times[i].first = time;
    }
  return times;
}
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
const middle = (list, key) => median(list.map((time) => time[key]));
const show = (list) => `${middle(list, 'ms').toFixed(0)} ms (${middle(list, 'cpu').toFixed(0)})`;

/** Our time, and PyTorch's over it: by the clock, and of the processor. */
async function report(label, ours, what, check) {
  const theirs = torches.flatMap(({ process }) =>
    layouts.map((layout) => async () => process.ask({ do: what, layout })),
  );
  const [own, ...others] = await interleave([ours, ...theirs]);
  check?.(own, others);
  const against = torches.map(({ label }, t) => {
    const lists = layouts.map((layout, i) => ({ layout, list: others[layouts.length * t + i] }));
    const { layout, list } = lists.reduce((a, b) => (middle(b.list, 'cpu') < middle(a.list, 'cpu') ? b : a));
    const ratio = (key) => median(list.map((time, r) => time[key] / own[r][key])).toFixed(2);
    return ` | ${label} ${layout} ${show(list)} → ${ratio('ms')}× (processor ${ratio('cpu')}×)`;
  });
  console.log(`  ${label} ${show(own)}${against.join('')}`);
}

/** Losses of the same steps: each must follow from the same gradients and updates. */
function compareLosses(own, others) {
  const losses = (list) => [list.first.loss, ...list.map(({ loss }) => loss)];
  for (const list of others)
    for (const [i, loss] of losses(list).entries()) {
      const mine = losses(own)[i];
      if (!(Math.abs(mine - loss) < 2e-3 * Math.abs(loss)))
        throw new Error(`step ${i}: loss ${mine}, PyTorch's ${loss}`);
    }
  const shown = losses(own).map((loss) => loss.toPrecision(6));
  console.log(`  losses ${shown.join(' ')}${others.length ? ', as PyTorch’s' : ''}`);
}

const wanted = options.only?.split(',');
const cases = backboneCases(packages).filter(({ name }) => wanted?.includes(name) ?? true);
if (!cases.length) throw new Error(`--only: no network is called ${options.only}`);
for (const c of cases) {
  const params = parametersOf(packages, c.spec);
  const file = store('weights', await tensor.stateDict(c.spec, params));
  await tell({ do: 'load', family: c.family, config: c.config, weights: file, layouts, threads });
  const provide = async (side) => {
    const inputs = c.inputs(side);
    const entries = Object.entries(inputs).map(([name, value]) => [name, stored(value)]);
    await tell({ do: 'input', file: store('inputs', new Map(entries)) });
    return inputs;
  };
  if (options.what.includes('forward')) {
    const inputs = await provide(Number(options.size));
    const folded = tensor.foldNorms(c.spec, params); // as a segmenter holds them
    const forward = () => tf.tidy(() => c.maps(inputs, folded));
    const maps = forward();
    console.log(
      `\n${c.name}, ${options.size}²: maps within ${(await compare(maps)).toExponential(0)} of the largest value`,
    );
    tf.dispose(maps);
    const run = () => {
      const made = forward();
      for (const map of made) tf.tidy(() => tf.slice(map, [0, 0, 0, 0], [1, 1, 1, 1])).dataSync();
      tf.dispose(made);
    };
    await report('forward', () => clocked(run), 'forward');
    if (options.profile) await profileOperations(tf, run);
    tensor.disposeTree(folded);
    tf.dispose(inputs);
  }
  if (options.what.includes('step')) {
    const inputs = await provide(Number(options['step-size']));
    let trained = tensor.trainable(c.spec, params);
    const variables = tensor.variablesOf(trained);
    const optimizer = train.adamW();
    const run = async () => {
      const training = tensor.createTraining(tensor.createRng(1));
      const loss = () => ({ loss: c.loss(c.maps(inputs, trained, training), inputs) });
      const result = await train.trainStep({ loss, variables, optimizer, learningRate: 1e-4 });
      trained = tensor.withStatistics(trained, training);
      return { loss: result.loss };
    };
    console.log(`\n${c.name}, ${options['step-size']}², training step`);
    await report('step', () => clocked(run), 'step', compareLosses);
    if (options.profile) await profileOperations(tf, run);
    optimizer.dispose();
    tensor.disposeTree(trained);
    tf.dispose(inputs);
  } else tensor.disposeTree(params);
}
for (const { process } of torches) process.end();
