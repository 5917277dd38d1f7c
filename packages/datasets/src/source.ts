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
}

/** A data set as plain JSON, so that configs can hold it and worker threads can open it. */
export type DatasetSource = FolderSource | SyntheticStreetsSource;
