// `node files.js FOLDER`: writes a small data set into FOLDER, opens it, draws a label map in a palette by name.
import assert from 'node:assert/strict';
import { renderStreetScene, syntheticStreetsClasses } from '@gss/datasets';
import { openDataset, prepareDataset, verifyDataset } from '@gss/datasets/node';
import { decode, encode } from '@gss/maskige';
import { namedPalette, paletteNames } from '@gss/maskige/palettes';

const root = process.argv[2];
const size = { seed: 5, width: 64, height: 48 };
const source = { kind: 'synthetic-streets', count: 3, ...size };
await prepareDataset({ source, out: root, format: 'folder', split: 'val' });

const folder = { kind: 'folder', root, split: 'val' };
const dataset = await openDataset(folder);
assert.equal(dataset.length, 3);
assert.equal(dataset.classes.length, syntheticStreetsClasses.length);
for (let index = 0; index < 3; index++) {
  const { image, labels } = await dataset.read(index);
  const scene = renderStreetScene({ ...size, index });
  assert.deepEqual([...image.data], [...scene.image.data]);
  assert.deepEqual([...labels.data], [...scene.labels.data]);
}
assert.equal((await verifyDataset([{ split: 'val', source: folder }])).ok, true);
await assert.rejects(openDataset({ ...folder, split: 'test' }), /no split "test"/);

const { labels } = await dataset.read(0);
const fit = paletteNames.map(namedPalette).find(({ kind, palette }) => kind === 'maskige' && palette.length === 19);
const options = { ignore: 255, ignoreColor: fit.ignoreColor };
assert.deepEqual([...decode(encode(labels, fit.palette, options), fit.palette, options).data], [...labels.data]);
console.log('files: as expected');
