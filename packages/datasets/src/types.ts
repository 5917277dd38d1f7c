import type { LabelMap, RgbImage } from '@gss/maskige';

export type { LabelMap, RgbImage };

export type Rgb = readonly [red: number, green: number, blue: number];

/** A class in class-id order: its position in a list is its id. */
export interface ClassInfo {
  readonly name: string;
  /** Drawing colour, 0..255. Two classes may share one: this is no maskige palette. */
  readonly color: Rgb;
}

/** A picture with its truth. In `labels`, 0..K-1 are classes and 255 (`ignoreIndex`) is unlabelled. */
export interface Sample {
  readonly image: RgbImage;
  readonly labels: LabelMap;
  /** Unique within its data set and split, without a file extension. */
  readonly name: string;
}

/** The id of unlabelled pixels in every `Sample`, whatever the files hold. */
export const ignoreIndex = 255;

/** Something to read samples from by position. Reading the same position twice gives the same bytes. */
export interface SegmentationDataset {
  readonly length: number;
  readonly classes: readonly ClassInfo[];
  name(index: number): string;
  read(index: number): Promise<Sample>;
}
