import type { LabelTable } from '../label-table.js';
import type { ClassInfo, Rgb } from '../types.js';

/** Where the files of one kind of labels lie. Folders may hold `{split}`, which stands for the split's own folder name. */
export interface Layout {
  readonly images: string;
  readonly imageSuffix: string;
  readonly labels: string;
  readonly labelSuffix: string;
  /** Applied to a picture's name to get its label's, in turn: [what, by what]; what may be a regular expression's source. */
  readonly rename?: readonly (readonly [string, string])[];
  /** A file of names, one a line; or 'mseg:NAME' for a list that this package holds. Without it every picture of the folder counts. */
  readonly list?: string;
  readonly splits: Readonly<Record<string, SplitLayout>>;
}

export interface SplitLayout {
  /** What stands for `{split}`; default: the split's name. */
  readonly folder?: string;
  /** How many pictures the published split has. */
  readonly images: number;
  /** Another list for this split. */
  readonly list?: string;
}

/** How a label file becomes raw ids. */
export type LabelReader =
  | { readonly kind: 'index' }
  /** A palette PNG whose indices are the ids. */
  | { readonly kind: 'palette' }
  /** RGB segment ids beside a JSON of `segments_info`; the raw id is the category's. */
  | { readonly kind: 'coco-panoptic'; readonly json: string }
  /** RGB colours; the raw id is the colour's place in the list. */
  | { readonly kind: 'colors'; readonly colors: readonly Rgb[] }
  /** JSON of polygons; the raw id of a label is its place in `names`, that of the rest is `background`. */
  | { readonly kind: 'polygons'; readonly names: readonly string[]; readonly background: number };

/** One kind of label files of a data set, with its classes and its one table. */
export interface LabelVariant {
  readonly labels: string;
  readonly classes: readonly ClassInfo[];
  readonly table: LabelTable;
  readonly reader: LabelReader;
  readonly layout: Layout;
}

export interface DatasetDefinition {
  readonly name: string;
  readonly title: string;
  /** The official site and the terms; nothing is ever downloaded. */
  readonly place: string;
  readonly terms: string;
  /** The first is the default. */
  readonly variants: readonly [LabelVariant, ...LabelVariant[]];
}
