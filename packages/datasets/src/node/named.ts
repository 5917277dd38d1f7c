import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatasetDefinition, LabelVariant } from '../catalog/definition.js';
import { describeLayout, findDataset, findVariant } from '../catalog/find.js';
import { DatasetError } from '../errors.js';
import { identityTable, type LabelTable } from '../label-table.js';
import { type MSegTrainSetName, msegTrainSets } from '../mseg/train-sets.js';
import { msegUniversalClasses } from '../mseg/universal.js';
import type { NamedSource, TreeSource } from '../source.js';
import { type ClassInfo, ignoreIndex } from '../types.js';
import { openPanoptic } from './coco-panoptic.js';
import { colorReader } from './decode-colors.js';
import { decodeLabel } from './decode-label.js';
import { polygonReader } from './decode-polygons.js';
import { type PairDataset, type PairDatasetParts, pairDataset } from './pair-dataset.js';
import { pairFiles, readLines } from './pairing.js';

/** A data set of the catalog: files of its published layout, its classes and its one label table. */
export interface NamedDataset extends PairDataset {
  readonly definition: DatasetDefinition;
  readonly variant: LabelVariant;
  /** How many pictures the published split has; undefined for a list of the caller's. */
  readonly expected: number | undefined;
}

/**
 * Opens a data set of the catalog in its published layout.
 * @throws DatasetError: when it is not there, with its official place, its terms and the layout that is expected.
 */
export async function openNamed(source: NamedSource): Promise<NamedDataset> {
  const { name, root, split, labels, list, taxonomy, limit, ...options } = source;
  const definition = findDataset(name);
  const variant = findVariant(definition, labels);
  const { layout } = variant;
  const here = layout.splits[split];
  if (!here)
    throw new DatasetError(
      'unknown-split',
      `${name} (labels "${variant.labels}"): no split "${split}". It has: ${Object.keys(layout.splits).join(', ')}.`,
    );
  const at = (path: string) => join(root, path.replaceAll('{split}', here.folder ?? split));
  const [images, labelFolder] = [at(layout.images), at(layout.labels)];
  for (const folder of [images, labelFolder])
    if (!existsSync(folder))
      throw new DatasetError(
        'missing-root',
        `${name}: no folder ${folder}.\n${describeLayout(definition, variant, split)}`,
        folder,
      );
  const names = list ? resolve(list) : (here.list ?? layout.list);
  const listed = names && !list && !names.startsWith('mseg:') ? at(names) : names;
  if (listed && !listed.startsWith('mseg:') && !existsSync(listed))
    throw new DatasetError(
      'missing-file',
      `${name}: no list ${listed}. Put it there, or name one with "list".\n${describeLayout(definition, variant, split)}`,
      listed,
    );
  const { imageSuffix, labelSuffix, rename } = layout;
  const lines = listed ? await readLines(listed) : undefined;
  const pairs = await pairFiles({
    images,
    labels: labelFolder,
    imageSuffix,
    labelSuffix,
    rename,
    lines,
    list: listed,
    root,
    hint: `\n${describeLayout(definition, variant, split)}`,
  });
  if (pairs.length === 0)
    throw new DatasetError(
      'empty-split',
      `${name}: no *${imageSuffix} in ${images}.\n${describeLayout(definition, variant, split)}`,
      images,
    );
  const { classes, table } = taxonomy === 'universal' ? universal(name, variant) : variant;
  const decode = await reader(variant, at);
  const opened = pairDataset({ pairs: pairs.slice(0, limit), classes, table, options, ...(decode ? { decode } : {}) });
  return { ...opened, definition, variant, expected: list || limit !== undefined ? undefined : here.images };
}

async function reader(
  { reader: how }: LabelVariant,
  at: (path: string) => string,
): Promise<PairDatasetParts['decode']> {
  switch (how.kind) {
    case 'index':
      return undefined;
    case 'palette':
      return (bytes, file, options) => decodeLabel(bytes, file, { ...options, acceptPalettePng: true });
    case 'coco-panoptic':
      return openPanoptic(at(how.json));
    case 'colors':
      return colorReader(how.colors);
    case 'polygons':
      return polygonReader(how.names, how.background);
  }
}

/** The same label files in MSeg's universal classes. */
function universal(name: string, variant: LabelVariant): { classes: readonly ClassInfo[]; table: LabelTable } {
  const set = Object.hasOwn(msegTrainSets, name) ? msegTrainSets[name as MSegTrainSetName] : undefined;
  const own = variant.classes.map((c) => c.name).join('|');
  const match = set && [set.relabeled, set.published].find(({ names }) => names.join('|') === own);
  if (!match)
    throw new DatasetError(
      'bad-source',
      `${name} (labels "${variant.labels}") has no map to MSeg's universal classes. Use labels "mseg" or "mseg-relabeled" of one of ${Object.keys(msegTrainSets).join(', ')}.`,
    );
  const toClass = variant.table.toClass.map((id) => (id >= 0 && id !== ignoreIndex ? match.toUniversal[id]! : id));
  return { classes: msegUniversalClasses, table: { ...variant.table, toClass } };
}

/** Opens any tree of pictures and labels. */
export async function openTree(source: TreeSource): Promise<PairDataset> {
  const { root, images, imageSuffix, labels, labelSuffix, list, classes, table, limit, kind: _, ...options } = source;
  const listed = list === undefined ? undefined : join(root, list);
  const pairs = await pairFiles({
    images: join(root, images),
    imageSuffix,
    labels: join(root, labels),
    labelSuffix,
    lines: listed && (await readLines(listed)),
    list: listed,
    root,
  } as Parameters<typeof pairFiles>[0]);
  if (pairs.length === 0)
    throw new DatasetError(
      'empty-split',
      `${join(root, images)}: no picture ends with "${imageSuffix}".`,
      join(root, images),
    );
  return pairDataset({ pairs: pairs.slice(0, limit), classes, table: table ?? identityTable(classes.length), options });
}
