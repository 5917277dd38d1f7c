import type { LabelTable } from './label-table.js';
import type { ClassInfo } from './types.js';

/** Limits and permissions for reading files. */
export interface ReadOptions {
  /** Refuse pictures of more pixels than this (default 2²⁶ = 67 million): a small file can claim a huge size. */
  readonly maxPixels?: number;
  /** Take the palette indices of palette PNGs as label ids. Without it a palette PNG is refused. */
  readonly acceptPalettePng?: boolean;
}

/** `root/images/SPLIT/*.{jpg,png,webp}`, `root/labels/SPLIT/*.png`, `root/classes.json`. */
export interface FolderSource extends ReadOptions {
  readonly kind: 'folder';
  readonly root: string;
  readonly split: string;
  /** Take only the first so many samples, in order of their names. */
  readonly limit?: number;
}

/** The embedded default: rendered streets. Their splits share no scene. */
export interface SyntheticStreetsSource {
  readonly kind: 'synthetic-streets';
  readonly seed: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** Default 'train'. */
  readonly split?: 'train' | 'val' | 'test';
  /** Default 'full'; 'calm' is what a small network learns in minutes. */
  readonly variety?: 'full' | 'calm';
}

/** A data set of the catalog in its published layout, e.g. `cityscapes` (see `@gss/datasets/catalog`). */
export interface NamedSource extends ReadOptions {
  readonly kind: 'named';
  readonly name: string;
  readonly root: string;
  readonly split: string;
  /** Which kind of label files, e.g. 'labelIds', 'mseg-relabeled'; default: the first that the catalog lists. */
  readonly labels?: string;
  /** A file of names (or of pairs "picture label") to take instead of the catalog's. */
  readonly list?: string;
  /** 'universal': the labels as MSeg's 194 universal classes. */
  readonly taxonomy?: 'own' | 'universal';
  readonly limit?: number;
}

/** Any tree of files: pictures and labels that share a name between their suffixes. */
export interface TreeSource extends ReadOptions {
  readonly kind: 'tree';
  readonly root: string;
  /** Folders below the root, and how the file names end. */
  readonly images: string;
  readonly imageSuffix: string;
  readonly labels: string;
  readonly labelSuffix: string;
  /** A file below the root: one name, or one pair "picture label", a line. Default: every picture. */
  readonly list?: string;
  readonly classes: readonly ClassInfo[];
  /** Default: ids 0..K-1, and 255 ignored. */
  readonly table?: LabelTable;
  readonly limit?: number;
}

/** Several sources with the same classes as one, each repeated in an epoch. */
export interface MixedSource {
  readonly kind: 'mixed';
  readonly parts: readonly { readonly source: DatasetSource; readonly repeat?: number }[];
}

/** The samples of a source whose names fit (see `filterDataset`): whole sequences, or all but some. */
export interface FilteredSource {
  readonly kind: 'filtered';
  readonly source: DatasetSource;
  /** Globs (`seq01_*`) or regular expressions (`/^seq0[12]/`) for names; default all. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Of what fits, a share drawn by lot of the names, or the rest without it. */
  readonly share?: { readonly of: number; readonly side: 'drawn' | 'rest' };
}

/** Tar shards as `prepareDataset` writes them: the folder with `index.json`. */
export interface ShardsSource extends ReadOptions {
  readonly kind: 'shards';
  readonly root: string;
  readonly limit?: number;
}

/** A data set as plain JSON, so that configs can hold it and worker threads can open it. */
export type DatasetSource =
  | FolderSource
  | SyntheticStreetsSource
  | NamedSource
  | TreeSource
  | MixedSource
  | FilteredSource
  | ShardsSource;
