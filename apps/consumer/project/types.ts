// Compiled by the test against the packed types, never run. The @ts-expect-error lines show that the types are there: under
// `any` none of them would be an error.
import {
  compilePipeline,
  renderStreetScene,
  type Sample,
  type SegmentationDataset,
  sampleRandom,
  type TransformSpec,
} from '@gss/datasets';
import { cityscapes } from '@gss/datasets/catalog';
import { msegUniversalClasses } from '@gss/datasets/mseg';
import { openDataset } from '@gss/datasets/node';
import { decode, encode, type LabelMap, maximalDistancePalette, type Palette, type RgbaImage } from '@gss/maskige';
import { designPalette } from '@gss/maskige/design';
import { namedPalette, type PaletteName } from '@gss/maskige/palettes';
import { robustnessReport } from '@gss/maskige/report';
import { squaredDistances } from '@gss/maskige/soft';
import { addToConfusion, type Confusion, createConfusion, type Scores, scores } from '@gss/metrics';

const palette: Palette = maximalDistancePalette(19);
const labels: LabelMap = { data: new Uint8Array(4), width: 2, height: 2 };
const picture: RgbaImage = encode(labels, palette, { channels: 4 });
const decoded: LabelMap = decode(picture, palette, { ignore: 255 });
// @ts-expect-error a palette holds triples
encode(labels, [[0, 0]]);
// @ts-expect-error no such option
decode(picture, palette, { ingore: 255 });

const confusion: Confusion = addToConfusion(createConfusion(19), decoded, labels, { ignore: 255 });
const result: Scores = scores(confusion, { absent: 'mseg' });
// @ts-expect-error no such rule
scores(confusion, { absent: 'mine' });

const steps: readonly TransformSpec[] = [{ type: 'RandomFlip', prob: 0.5 }, { type: 'Normalize' }];
const scene: Sample = renderStreetScene({ seed: 1, index: 0, width: 96, height: 64 });
const made = compilePipeline(steps)(scene, sampleRandom(1, 0, 0));
// @ts-expect-error no such step
compilePipeline([{ type: 'RandomFlop' }]);

const dataset: Promise<SegmentationDataset> = openDataset({ kind: 'folder', root: '.', split: 'val' });
// @ts-expect-error a folder needs a split
openDataset({ kind: 'folder', root: '.' });
// @ts-expect-error no such palette
const name: PaletteName = 'rainbow';

export const used = {
  cityscapes,
  dataset,
  decoded,
  designPalette,
  made,
  msegUniversalClasses,
  name,
  namedPalette,
  result,
};
export const reports = { robustnessReport, squaredDistances };
