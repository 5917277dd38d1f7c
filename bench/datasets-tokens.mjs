// What the token cache saves: tokens of label crops from the encoder against tokens from the cache (hash of the labels, file,
// checksum), processor time, pairs alternating in one run. Weights are random: the work is the same.
// Usage: node bench/datasets-tokens.mjs [--backend NAME] [--dvae EDGE]   (the crop of the full dVAE, default 128; 0: leave it out)
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { backend: { type: 'string' }, dvae: { type: 'string', default: '128' } } });
// The packages as the trainer sees them: one tfjs for all.
const require = createRequire(join(dirname(dirname(fileURLToPath(import.meta.url))), 'apps/trainer/package.json'));
const tf = await import(pathToFileURL(require.resolve('@tensorflow/tfjs-core')).href);
const built = (path) => import(new URL(`../packages/${path}.js`, import.meta.url).href);
const { renderStreetScene, syntheticStreetsClasses } = await built('datasets/dist/index');
const { openTokenCache } = await built('datasets/dist/node/index');
const { maximalDistancePalette } = await built('maskige/dist/index');
const { createMaskigeCodec, openTokenizer, tokenizerSpec } = await built('segmenter/dist/index');
const { createRng, disposeTree, initParams } = await built('tensor/dist/index');
const { selectBackend } = await built('tensor/dist/node/index');
const { compactVariants, dvaeVariants } = await built('vqvae/dist/index');

const { backend, device } = await selectBackend({ backend: values.backend });
console.log(`${backend}: ${device}`);
const root = mkdtempSync(join(tmpdir(), 'gss-bench-'));
const classes = syntheticStreetsClasses.length;
const codec = createMaskigeCodec({ palette: maximalDistancePalette(classes), unlabelled: [0, 0, 0] });

/** Processor seconds that `work` takes. */
async function cpu(work) {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

async function measure(name, tokenizer, edge, rounds) {
  const params = initParams(tokenizerSpec(tokenizer), createRng(1));
  const coder = openTokenizer(tokenizer, params);
  const cache = await openTokenCache(root, { name });
  const crops = Array.from(
    { length: rounds },
    (_, index) => renderStreetScene({ seed: 1, index, width: edge, height: edge, variety: 'calm' }).labels,
  );
  const encode = async ({ data, width, height }) => {
    const tokens = tf.tidy(() => {
      const labels = tf.tensor3d(
        Int32Array.from(data, (label) => (label === 255 ? classes : label)),
        [1, height, width],
        'int32',
      );
      return coder.encode(codec.paint(labels));
    });
    const [, h, w] = tokens.shape;
    const found = { data: await tokens.data(), width: w, height: h };
    tokens.dispose();
    return found;
  };
  for (const crop of crops) await cache.put(cache.key(crop), await encode(crop)); // also warms up
  const [fresh, kept] = [[], []];
  for (const crop of crops) {
    let [a, b] = [];
    fresh.push(await cpu(async () => (a = await encode(crop))));
    kept.push(await cpu(async () => (b = await cache.get(cache.key(crop)))));
    if (a.data.join() !== b.data.join()) throw new Error(`${name}: the cached tokens differ`);
  }
  disposeTree(params);
  const median = (list) => 1000 * list.sort((x, y) => x - y)[list.length >> 1];
  const [encoder, cached] = [median(fresh), median(kept)];
  return { tokenizer: name, crop: `${edge}²`, 'encoder, ms': encoder, 'cache, ms': cached, ratio: encoder / cached };
}

const rows = [
  await measure('compact nano', { type: 'compact', config: compactVariants.nano }, 512, 8),
  await measure('compact small', { type: 'compact', config: compactVariants.small }, 512, 8),
];
const edge = Number(values.dvae);
if (edge) rows.push(await measure('DALL·E dVAE', { type: 'dvae', config: dvaeVariants.paper }, edge, 3));
console.table(rows);
rmSync(root, { recursive: true, force: true });
