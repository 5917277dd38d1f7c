// `gss dataset inspect` in this thread alone against worker threads, pairs alternating in one run: on rendered streets, which are
// all JavaScript, and on files of Cityscapes' size, whose pictures libvips decodes in threads of its own in either case.
// Wall time: run it on a quiet machine. Usage: node bench/datasets-workers.mjs [--workers N] [--pictures N]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  renderStreetScene,
  resizeImage,
  resizeLabels,
  syntheticStreetsClasses,
} from '../packages/datasets/dist/index.js';
import { inspectDataset } from '../packages/datasets/dist/node/index.js';

const require = createRequire(new URL('../packages/datasets/package.json', import.meta.url));
const { encode } = require('fast-png');
const sharp = require('sharp');
const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: String(availableParallelism()) },
    pictures: { type: 'string', default: '32' },
  },
});
const workers = Number(values.workers);
const root = mkdtempSync(join(tmpdir(), 'gss-bench-'));
const size = { width: 2048, height: 1024 };
for (const kind of ['images', 'labels']) mkdirSync(join(root, kind, 'train'), { recursive: true });
for (let i = 0; i < 4; i++) {
  const { image, labels } = renderStreetScene({ seed: 1, index: i, width: 512, height: 256 });
  const raw = { ...size, channels: 3 };
  const picture = await sharp(resizeImage(image, size).data, { raw }).png().toBuffer();
  const label = encode({ data: resizeLabels(labels, size).data, ...size, channels: 1 });
  for (let k = i; k < Number(values.pictures); k += 4) {
    writeFileSync(join(root, 'images/train', `${k}.png`), picture);
    writeFileSync(join(root, 'labels/train', `${k}.png`), label);
  }
}
const classes = syntheticStreetsClasses.map(({ name, color }, id) => ({ id, name, color }));
writeFileSync(join(root, 'classes.json'), JSON.stringify({ classes, ignore_index: 255 }));

const count = Number(values.pictures);
const sources = {
  rendered: { kind: 'synthetic-streets', seed: 1, count, width: 512, height: 256 },
  files: { kind: 'folder', root, split: 'train' },
};
const results = [];
for (const [what, source] of Object.entries(sources))
  for (let pair = 0; pair < 3; pair++) {
    const row = { what };
    for (const n of [1, workers]) {
      const began = performance.now();
      await inspectDataset(source, { workers: n });
      row[n] = (1000 * count) / (performance.now() - began);
    }
    results.push({ ...row, ratio: row[workers] / row[1] });
  }
rmSync(root, { recursive: true, force: true });
console.table(
  results.map((row) => ({
    what: row.what,
    '1, pictures/s': row[1],
    [`${workers}, pictures/s`]: row[workers],
    ratio: row.ratio,
  })),
);
for (const what of Object.keys(sources)) {
  const ratios = results.filter((row) => row.what === what).map(({ ratio }) => ratio);
  console.log(`${what}, median: ${workers} workers / 1 = ${ratios.sort((a, b) => a - b)[1].toFixed(2)}`);
}
