import { identityTable, reduceZeroTable, tableFromIds } from '../label-table.js';
import { coloredByUniversal } from '../mseg/sets.js';
import { msegTrainSets } from '../mseg/train-sets.js';
import { cocoPanopticColors, withColors } from './class-colors.js';
import { ade20kClasses, cocoStuffClasses, pascalContext60Classes, scannetClasses, vocClasses } from './class-lists.js';
import type { DatasetDefinition, LabelVariant, Layout } from './definition.js';
import { msegTestVariant, msegVariants } from './road.js';

const index = { kind: 'index' } as const;

const adeSplits: Layout['splits'] = {
  train: { folder: 'training', images: 20210 },
  val: { folder: 'validation', images: 2000 },
};
const adeLayout = (root: string, labels: string): Layout => ({
  images: `${root}images/{split}`,
  imageSuffix: '.jpg',
  labels: `${root}${labels}/{split}`,
  labelSuffix: '.png',
  splits: adeSplits,
});

export const ade20k: DatasetDefinition = {
  name: 'ade20k',
  title: 'ADE20K (SceneParse150)',
  place: 'sceneparsing.csail.mit.edu',
  terms: 'pictures: non-commercial research and education; labels: BSD-3-Clause',
  variants: [
    {
      labels: 'annotations',
      classes: ade20kClasses,
      table: reduceZeroTable(150),
      reader: index,
      layout: adeLayout('ADEChallengeData2016/', 'annotations'),
    },
    ...msegVariants('ade20k', {
      published: adeLayout('', 'annotations_semseg150'),
      relabeled: adeLayout('', 'annotations_semseg150_relabeled'),
    }),
  ],
};

const vocLayout = (labels: string, train: number): Layout => ({
  images: 'VOCdevkit/VOC2012/JPEGImages',
  imageSuffix: '.jpg',
  labels: `VOCdevkit/VOC2012/${labels}`,
  labelSuffix: '.png',
  list: 'VOCdevkit/VOC2012/ImageSets/Segmentation/{split}.txt',
  splits: {
    train: { images: train, ...(labels === 'SegmentationClass' ? {} : { folder: 'trainaug' }) },
    val: { images: 1449 },
    ...(labels === 'SegmentationClass' ? { trainval: { images: 2913 } } : {}),
  },
});

export const voc2012: DatasetDefinition = {
  name: 'voc2012',
  title: 'PASCAL VOC 2012',
  place: 'host.robots.ox.ac.uk/pascal/VOC; extra training labels: the Semantic Boundaries Dataset (SBD)',
  terms: "research; pictures under flickr's terms",
  variants: [
    {
      labels: 'SegmentationClass',
      classes: vocClasses,
      table: identityTable(21),
      reader: { kind: 'palette' },
      layout: vocLayout('SegmentationClass', 1464),
    },
    {
      labels: 'SegmentationClassAug',
      classes: vocClasses,
      table: identityTable(21),
      reader: index,
      layout: vocLayout('SegmentationClassAug', 10582),
    },
    {
      ...msegTestVariant('voc2012', {
        images: 'JPEGImages',
        imageSuffix: '.jpg',
        labels: 'SegmentationClassAug',
        labelSuffix: '.png',
      }),
      classes: vocClasses,
    },
  ],
};

const contextLayout: Layout = {
  images: 'VOCdevkit/VOC2010/JPEGImages',
  imageSuffix: '.jpg',
  labels: 'VOCdevkit/VOC2010/SegmentationClassContext',
  labelSuffix: '.png',
  list: 'VOCdevkit/VOC2010/ImageSets/SegmentationContext/{split}.txt',
  splits: { train: { images: 4998 }, val: { images: 5105 } },
};

export const pascalContext: DatasetDefinition = {
  name: 'pascal-context',
  title: 'PASCAL Context',
  place: 'cs.stanford.edu/~roozbeh/pascal-context; PNG labels are made by mmsegmentation’s converter',
  terms: "research; pictures under flickr's terms",
  variants: [
    { labels: '60', classes: pascalContext60Classes, table: identityTable(60), reader: index, layout: contextLayout },
    {
      labels: '59',
      classes: pascalContext60Classes.slice(1),
      table: reduceZeroTable(59),
      reader: index,
      layout: contextLayout,
    },
    msegTestVariant('pascal-context', {
      images: 'JPEGImages',
      imageSuffix: '.jpg',
      labels: 'Segmentation_GT_60cls',
      labelSuffix: '.png',
    }),
  ],
};

/** The NYU40 ids of ScanNet's 20 classes in MSeg's (alphabetical) order. */
const nyu40 = [36, 4, 10, 3, 5, 12, 16, 14, 8, 2, 39, 11, 24, 28, 34, 6, 7, 33, 1, 9];
const scannetFolder = {
  images: 'scannet_frames_25k',
  imageSuffix: '.jpg',
  labels: 'scannet_frames_25k',
  labelSuffix: '.png',
} as const;

export const scannet: DatasetDefinition = {
  name: 'scannet',
  title: 'ScanNet, 25k frames, 20 classes',
  place: 'scan-net.org',
  terms: 'signed terms of use; non-commercial research',
  variants: [
    {
      labels: 'nyu40',
      classes: scannetClasses,
      table: tableFromIds(
        nyu40,
        Array.from({ length: 41 }, (_, id) => id).filter((id) => !nyu40.includes(id)),
      ),
      reader: index,
      layout: {
        ...scannetFolder,
        rename: [['/color/', '/label/']],
        splits: {
          train: { images: 19466, list: 'scannetv2_train.txt' },
          val: { images: 5436, list: 'mseg:scannet' },
        },
      },
    },
    {
      ...msegTestVariant('scannet', { ...scannetFolder, images: '', labels: '', rename: [['/color/', '/label20/']] }),
      classes: scannetClasses,
    },
  ],
};

const sunImages = { images: 'image/{split}', imageSuffix: '.jpg', labelSuffix: '.png' } as const;
const sunLayout = (labels: string): Layout => ({
  ...sunImages,
  labels: `${labels}/{split}`,
  // img-000001 → 00000001
  rename: [['^img-', '00']],
  splits: { train: { images: 5285 }, val: { folder: 'test', images: 475, list: 'val.txt' }, test: { images: 5050 } },
});

export const sunrgbd: DatasetDefinition = {
  name: 'sunrgbd',
  title: 'SUN RGB-D, 37 classes',
  place: 'rgbd.cs.princeton.edu',
  terms: 'research; cite the authors',
  variants: [
    ...msegVariants('sunrgbd', {
      published: sunLayout('semseg-label37'),
      relabeled: sunLayout('semseg-relabeled37'),
    }),
    {
      labels: 'label38',
      classes: coloredByUniversal(msegTrainSets.sunrgbd.published),
      table: reduceZeroTable(37),
      reader: index,
      layout: sunLayout('label38'),
    },
  ],
};

/** COCO's category ids in the order of MSeg's 133 classes: 53 stuff classes, then 80 things. */
const missingThings = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91];
const stuff = [
  92, 93, 95, 100, 107, 109, 112, 118, 119, 122, 125, 128, 130, 133, 138, 141, 144, 145, 147, 148, 149, 151, 154, 155,
  156, 159, 161, 166, 168, 171, 175, 176, 177, 178, 180, 181, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194,
  195, 196, 197, 198, 199, 200,
];
const cocoCategories = [
  ...stuff,
  ...Array.from({ length: 90 }, (_, i) => i + 1).filter((id) => !missingThings.includes(id)),
];
const cocoSplits: Layout['splits'] = {
  train: { folder: 'train2017', images: 118287 },
  val: { folder: 'val2017', images: 5000 },
};
const cocoLayout = (images: string, labels: string, labelSuffix = '.png'): Layout => ({
  images,
  imageSuffix: '.jpg',
  labels,
  labelSuffix,
  splits: cocoSplits,
});

export const cocoPanoptic: DatasetDefinition = {
  name: 'coco-panoptic',
  title: 'COCO panoptic 2017, 133 classes',
  place: 'cocodataset.org',
  terms: "annotations: CC BY 4.0; pictures under flickr's terms",
  variants: [
    {
      labels: 'panoptic',
      classes: withColors(msegTrainSets['coco-panoptic'].published.names, cocoPanopticColors()),
      table: tableFromIds(cocoCategories, [0]),
      reader: { kind: 'coco-panoptic', json: 'annotations/panoptic_{split}.json' },
      layout: cocoLayout('{split}', 'annotations/panoptic_{split}'),
    },
    ...msegVariants('coco-panoptic', {
      published: cocoLayout('images/{split}', 'semantic_annotations133/{split}'),
      relabeled: cocoLayout('images/{split}', 'semantic_relabeled133/{split}'),
    }),
  ],
};

const stuffVariant = (labels: string, suffix: string, table: LabelVariant['table']): LabelVariant => ({
  labels,
  classes: cocoStuffClasses,
  table,
  reader: index,
  layout: cocoLayout('images/{split}', 'annotations/{split}', suffix),
});
/** Ids of 0..181 that COCO-Stuff never uses. */
const unusedStuffIds = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90];

export const cocoStuff: DatasetDefinition = {
  name: 'coco-stuff',
  title: 'COCO-Stuff 164k, 171 classes',
  place: 'github.com/nightrome/cocostuff',
  terms: "annotations: CC BY 4.0; pictures under flickr's terms",
  variants: [
    stuffVariant(
      'original',
      '.png',
      tableFromIds(Array.from({ length: 182 }, (_, id) => id).filter((id) => !unusedStuffIds.includes(id))),
    ),
    stuffVariant('labelTrainIds', '_labelTrainIds.png', identityTable(171)),
  ],
};
