import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datasetNames, findDataset, type LabelVariant } from '@gss/datasets/catalog';
import { msegMix, msegTestSets, msegTrainSets, msegUniversalClasses, universalClassesAbsent } from '@gss/datasets/mseg';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectDataset, openDataset } from './index.js';
import { readLines } from './pairing.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gss-catalog-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const [width, height] = [8, 4];
const put = (path: string, bytes: Uint8Array | string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
};

/** Two pictures of a variant in its layout; the labels hold one pixel of every raw id that fits. */
async function build(variant: LabelVariant, split: string): Promise<number[]> {
  const { layout, table, reader } = variant;
  const here = layout.splits[split]!;
  const fill = (path: string) => path.replaceAll('{split}', here.folder ?? split);
  const ids = table.toClass.flatMap((id, raw) => (id >= 0 ? [raw] : [])).slice(-width * height);
  const raw = Array.from({ length: width * height }, (_, i) => ids[i % ids.length]!);
  const list = here.list ?? layout.list;
  const packed = list?.startsWith('mseg:') ? await readLines(list) : undefined;
  const names =
    packed ??
    (layout.rename?.[0]?.[0].includes('img')
      ? ['img-000001', 'img-000007']
      : layout.rename
        ? ['scene0001_00/color/000100', 'scene0001_00/color/000200']
        : ['a', 'sub/b']);
  if (list && !packed) put(fill(list), `${names.join('\n')}\n`);
  const rename = (name: string) =>
    (layout.rename ?? []).reduce((n, [from, to]) => n.replace(new RegExp(from), to), name);
  const picture = sharp({ create: { width, height, channels: 3, background: '#336699' } });
  const image = await (layout.imageSuffix.endsWith('.jpg') ? picture.jpeg() : picture.png()).toBuffer();
  const label = encodeLabel(variant, raw);
  for (const name of names) {
    put(join(fill(layout.images), `${name}${layout.imageSuffix}`), image);
    put(join(fill(layout.labels), `${rename(name)}${layout.labelSuffix}`), label);
  }
  if (reader.kind === 'coco-panoptic')
    put(
      fill(reader.json),
      JSON.stringify({
        annotations: names.map((name) => ({
          file_name: `${name.split('/').at(-1)}.png`,
          segments_info: ids.map((id) => ({ id: 1000 * id, category_id: id })),
        })),
      }),
    );
  return raw.map((id) => table.toClass[id]!);
}

function encodeLabel({ reader }: LabelVariant, raw: number[]): Uint8Array {
  const size = { width, height };
  if (reader.kind === 'palette')
    return encode({
      ...size,
      data: Uint8Array.from(raw),
      channels: 1,
      palette: Array.from({ length: 256 }, (_, i) => [i, i, i]),
    });
  if (reader.kind === 'colors')
    return encode({ ...size, channels: 3, data: Uint8Array.from(raw.flatMap((id) => reader.colors[id]!)) });
  if (reader.kind === 'polygons') {
    const objects = raw.map((id, i) => ({
      label: reader.names[id],
      polygon: [[(i % width) + 0.6, Math.floor(i / width)]], // one corner paints one pixel; fractions are cut off
    }));
    const deleted = {
      label: reader.names[1],
      deleted: 1,
      polygon: [
        [0, 0],
        [width, 0],
        [0, height],
      ],
    };
    return Buffer.from(JSON.stringify({ imgWidth: width, imgHeight: height, objects: [...objects, deleted] }));
  }
  if (reader.kind === 'coco-panoptic')
    return encode({
      ...size,
      channels: 3,
      data: Uint8Array.from(
        raw.flatMap((id) =>
          [1000 * id, Math.floor((1000 * id) / 256), 1000 * Math.floor(id / 65.536)].map(
            (v, k) => (k === 2 ? Math.floor((1000 * id) / 65536) : v) & 255,
          ),
        ),
      ),
    });
  return encode({ ...size, channels: 1, data: Uint8Array.from(raw) });
}

const everyVariant = datasetNames().flatMap((name) =>
  findDataset(name).variants.flatMap((variant) =>
    Object.keys(variant.layout.splits).map((split) => ({ name, labels: variant.labels, split, variant })),
  ),
);

describe('every data set of the paper opens by name from its published layout', () => {
  // The two big evaluation lists are covered below: thousands of files would only slow this down.
  const quick = everyVariant.filter(({ variant, split }) => {
    const { layout } = variant;
    const list = layout.splits[split]!.list ?? layout.list;
    return !list || !/mseg:(voc2012|pascal-context|scannet)/.test(list);
  });
  test.each(quick)('$name, labels $labels, split $split', async ({ name, labels, split, variant }) => {
    const expected = await build(variant, split);
    const dataset = await openDataset({ kind: 'named', name, labels, split, root });
    expect(dataset.length).toBeGreaterThanOrEqual(2);
    expect([...(await dataset.read(0)).labels.data]).toEqual(expected);
    expect(dataset.classes).toBe(variant.classes);
  });
  test('every table fits its classes, and every class can occur', () => {
    for (const { variant, name } of everyVariant) {
      const reached = new Set(variant.table.toClass);
      variant.classes.forEach((c, id) => {
        expect(reached.has(id), `${name} ${variant.labels} ${c.name}`).toBe(true);
        expect(c.color.every((v) => v >= 0 && v <= 255)).toBe(true);
      });
      expect(Math.max(...[...reached].filter((id) => id !== 255))).toBe(variant.classes.length - 1);
    }
  });
  test('class counts and picture counts are those of the paper', () => {
    const counts = Object.fromEntries(
      datasetNames().map((name) => [name, findDataset(name).variants[0].classes.length]),
    );
    expect(counts).toEqual({
      cityscapes: 19,
      ade20k: 150,
      bdd100k: 19,
      'coco-panoptic': 133,
      idd: 39,
      mapillary: 65,
      sunrgbd: 37,
      voc2012: 21,
      'pascal-context': 60,
      camvid: 11,
      wilddash: 19,
      kitti: 19,
      scannet: 20,
      'coco-stuff': 171,
    });
    expect(findDataset('cityscapes').variants[0].layout.splits.train!.images).toBe(2975);
  });
});

describe('what is not there', () => {
  test('is explained with its place, its terms and the layout', async () => {
    const open = openDataset({ kind: 'named', name: 'cityscapes', root, split: 'val' });
    await expect(open).rejects.toThrow(
      /Cityscapes is not downloaded for you. Get it from cityscapes-dataset\.com \(registration;/,
    );
    await expect(open).rejects.toThrow(/leftImg8bit\/val\/\*\*\/\*_leftImg8bit\.png/);
  });
  test('names, labels and splits that do not exist are answered with those that do', async () => {
    const source = { kind: 'named', root, split: 'val' } as const;
    await expect(openDataset({ ...source, name: 'citiscapes' })).rejects.toThrow('Did you mean "cityscapes"?');
    await expect(openDataset({ ...source, name: 'kitti', labels: 'x' })).rejects.toThrow(
      'kitti: no labels "x". It has: labelIds, mseg.',
    );
    await expect(openDataset({ ...source, name: 'kitti' })).rejects.toThrow('no split "val". It has: train.');
    await expect(
      openDataset({ ...source, name: 'ade20k', labels: 'annotations', taxonomy: 'universal' }),
    ).rejects.toThrow();
  });
  test('a picture that the list names, a label that a picture needs', async () => {
    const kitti = findDataset('kitti').variants[0];
    await build(kitti, 'train');
    rmSync(join(root, 'training/semantic/sub/b.png'));
    const source = { kind: 'named', name: 'kitti', root, split: 'train' } as const;
    await expect(openDataset(source)).rejects.toThrow(/1 of 2 pictures have no label, first sub\/b\.png/);
    put('mine.txt', 'a\nzz\n');
    await expect(openDataset({ ...source, list: join(root, 'mine.txt') })).rejects.toThrow(
      /1 of the 2 pictures that .*mine\.txt names are not there, first zz\.png/,
    );
    put('mine.txt', 'a\n');
    expect((await openDataset({ ...source, list: join(root, 'mine.txt') })).length).toBe(1);
  });
  test('the expected count is part of the report', async () => {
    await build(findDataset('kitti').variants[0], 'train');
    const report = await inspectDataset({ kind: 'named', name: 'kitti', root, split: 'train' });
    expect([report.images, report.expected, report.ok]).toEqual([2, 200, false]);
  });
});

describe('MSeg', () => {
  test('lists name as many pictures as the protocol evaluates', async () => {
    for (const [name, { images }] of Object.entries(msegTestSets)) {
      const lines = await readLines(`mseg:${name}`);
      expect([name, new Set(lines).size]).toEqual([name, images]);
    }
  });
  test('taxonomy: 194 classes, and the numbers of reached and unreached classes that are published', () => {
    expect(msegUniversalClasses.length).toBe(194);
    const absent = Object.fromEntries(
      Object.entries(msegTrainSets).map(([name, set]) => [name, universalClassesAbsent(set).length]),
    );
    expect(absent).toEqual({
      ade20k: 77,
      bdd100k: 175,
      cityscapes: 175,
      'coco-panoptic': 72,
      idd: 169,
      mapillary: 150,
      sunrgbd: 157,
    });
    for (const set of Object.values(msegTrainSets))
      expect(set.relabeled.toUniversal.every((id) => id < 194)).toBe(true);
    for (const set of Object.values(msegTestSets)) expect(set.fromUniversal.length).toBe(194);
  });
  test('joined training set: universal labels, repeated by GSS’s factors', async () => {
    for (const name of ['cityscapes', 'kitti'] as const) await build(findDataset(name).variants[0], 'train');
    await build(findDataset('cityscapes').variants.find(({ labels }) => labels === 'mseg-relabeled')!, 'train');
    await build(findDataset('bdd100k').variants.find(({ labels }) => labels === 'mseg-relabeled')!, 'train');
    const mix = await openDataset(msegMix({ cityscapes: root, bdd100k: root }));
    expect(mix.length).toBe(2 * 40 + 2 * 17);
    expect(mix.classes).toBe(msegUniversalClasses);
    const { labels } = await mix.read(0);
    const { toUniversal } = msegTrainSets.bdd100k.relabeled; // the first part, in the order of the table
    expect(new Set(labels.data)).toEqual(new Set([...toUniversal, 255]));
  });
});

const layouts = join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/layouts');
describe.skipIf(!existsSync(layouts))(
  'real samples of the published layouts (run where they lie beside the repository)',
  () => {
    test.each([
      { name: 'cityscapes', split: 'val', length: 1 },
      { name: 'ade20k', split: 'val', length: 3 },
      { name: 'camvid', split: 'train', length: 2 },
      { name: 'coco-panoptic', split: 'val', length: 2 },
      { name: 'sunrgbd', split: 'train', length: 1 },
      { name: 'mapillary', split: 'val', length: 1 },
      { name: 'bdd100k', split: 'train', length: 3 },
    ])('$name', async ({ name, split, length }) => {
      const report = await inspectDataset({ kind: 'named', name, split, root: join(layouts, name) });
      expect([report.images, report.problems, report.unknownIds]).toEqual([length, [], []]);
      expect(report.classes.filter((c) => c.images > 0).length).toBeGreaterThanOrEqual(2);
    });
  },
);
