import { DatasetError } from '../errors.js';
import { applyLabelTable, compileLabelTable, type LabelTable } from '../label-table.js';
import type { ReadOptions } from '../source.js';
import type { ClassInfo, LabelMap, Sample, SegmentationDataset } from '../types.js';
import { decodeImage, readBytes } from './decode-image.js';
import { decodeLabel } from './decode-label.js';

/** A picture and its label file. */
export interface Pair {
  readonly name: string;
  readonly image: string;
  readonly label: string;
}

/** What is known of an opened set of files besides its samples: enough to verify it without reading it. */
export interface PairDataset extends SegmentationDataset {
  readonly pairs: readonly Pair[];
  readonly table: LabelTable;
  readonly options: ReadOptions;
  /** The ids as the label file holds them, before the table. */
  readRaw(index: number): Promise<LabelMap>;
}

export interface PairDatasetParts {
  readonly pairs: readonly Pair[];
  readonly classes: readonly ClassInfo[];
  readonly table: LabelTable;
  readonly options?: ReadOptions;
  /** How a label file becomes raw ids, where it is no index PNG (COCO panoptic). */
  readonly decode?: (bytes: Uint8Array, file: string, options: ReadOptions) => LabelMap;
}

/** A data set of picture and label files. Nothing is cached; each read decodes two files. */
export function pairDataset({
  pairs,
  classes,
  table,
  options = {},
  decode = decodeLabel,
}: PairDatasetParts): PairDataset {
  const lookup = compileLabelTable(table);
  const at = (index: number): Pair => {
    const pair = pairs[index];
    if (!pair) throw new RangeError(`dataset: index ${index} is not an integer of 0..${pairs.length - 1}.`);
    return pair;
  };
  const readRaw = async (index: number): Promise<LabelMap> => {
    const { label } = at(index);
    return decode(await readBytes(label), label, options);
  };
  const read = async (index: number): Promise<Sample> => {
    const pair = at(index);
    const [image, raw] = await Promise.all([
      readBytes(pair.image).then((bytes) => decodeImage(bytes, pair.image, options.maxPixels)),
      readRaw(index),
    ]);
    if (image.width !== raw.width || image.height !== raw.height)
      throw new DatasetError(
        'size-mismatch',
        `${pair.label}: the label is ${raw.width}×${raw.height}, its picture ${pair.image} is ${image.width}×${image.height}. ` +
          'Export the label at the size of the picture (nearest neighbour, never bilinear).',
        pair.label,
      );
    return { image, labels: applyLabelTable(raw, lookup, pair.label), name: pair.name };
  };
  return { length: pairs.length, classes, pairs, table, options, name: (index) => at(index).name, read, readRaw };
}
