import { DatasetError } from '../errors.js';
import { suggest } from '../transforms/specs.js';
import type { DatasetDefinition, LabelVariant } from './definition.js';
import { bdd100k, camvid, cityscapes, idd, kitti, mapillary, wilddash } from './road.js';
import { ade20k, cocoPanoptic, cocoStuff, pascalContext, scannet, sunrgbd, voc2012 } from './scenes.js';

const all = (): readonly DatasetDefinition[] => [
  cityscapes,
  ade20k,
  bdd100k,
  cocoPanoptic,
  idd,
  mapillary,
  sunrgbd,
  voc2012,
  pascalContext,
  camvid,
  wilddash,
  kitti,
  scannet,
  cocoStuff,
];

/** The data sets that can be opened by name. */
export const datasetNames = (): string[] => all().map(({ name }) => name);

/** @throws DatasetError `bad-source` for a name that is not known, with the nearest one. */
export function findDataset(name: string): DatasetDefinition {
  const found = all().find((definition) => definition.name === name);
  if (!found) throw new DatasetError('bad-source', `no data set "${name}".${suggest(name, datasetNames())}`);
  return found;
}

/** The kind of labels by its name; the first one by default. */
export function findVariant({ name, variants }: DatasetDefinition, labels?: string): LabelVariant {
  const found = labels === undefined ? variants[0] : variants.find((variant) => variant.labels === labels);
  if (!found)
    throw new DatasetError(
      'bad-source',
      `${name}: no labels "${labels}". It has: ${variants.map((variant) => variant.labels).join(', ')}.`,
    );
  return found;
}

/** What must be on disk, and where it is had: for the message when it is not there. */
export function describeLayout(definition: DatasetDefinition, variant: LabelVariant, split: string): string {
  const { images, imageSuffix, labels, labelSuffix, list, splits } = variant.layout;
  const here = splits[split];
  const fill = (path: string) => path.replaceAll('{split}', here?.folder ?? split);
  const lines = [
    `${definition.title} is not downloaded for you. Get it from ${definition.place} (${definition.terms}).`,
    `Expected below the root, for split "${split}"${here ? ` (${here.images} pictures)` : ''}:`,
    `  ${fill(images) || '.'}/**/*${imageSuffix}`,
    `  ${fill(labels) || '.'}/**/*${labelSuffix}`,
  ];
  const names = here?.list ?? list;
  if (names && !names.startsWith('mseg:')) lines.push(`  ${fill(names)}`);
  if (variant.reader.kind === 'coco-panoptic') lines.push(`  ${fill(variant.reader.json)}`);
  const others = definition.variants.filter(({ labels: kind }) => kind !== variant.labels);
  if (others.length) lines.push(`Other kinds of its labels: ${others.map(({ labels: kind }) => kind).join(', ')}.`);
  return lines.join('\n');
}
