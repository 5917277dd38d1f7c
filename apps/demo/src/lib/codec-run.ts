import { decode, encode, type LabelMap, type Palette, type RgbImage } from '@gss/maskige';
import { downAndUp, gaussianNoise } from '@gss/maskige/report';
import { addToConfusion, createConfusion, type Scores, scores } from '@gss/metrics';

/** What happens to a maskige between encoder and decoder. */
export interface Damage {
  /** Standard deviation of normal noise in grey levels; 0 for none. */
  readonly noise: number;
  /** Shrunk by this factor and enlarged again; 1 for not. */
  readonly shrink: number;
  /** Quality 1..100 of a JPEG; 0 for none. */
  readonly jpeg: number;
}

/** Writes an image as JPEG and reads it again. */
export type JpegTrip = (image: RgbImage, quality: number) => Promise<{ image: RgbImage; bytes: number }>;

export interface CodecRun {
  readonly maskige: RgbImage;
  readonly damaged: RgbImage;
  readonly decoded: LabelMap;
  readonly scores: Scores;
  /** Size of the JPEG, where there was one. */
  readonly bytes: number | undefined;
}

/** Ends the task, so that a page can answer between two steps. */
const pause = () => new Promise((resolve) => setTimeout(resolve));

/** labels → maskige → damage → labels, and how many came back. */
export async function runCodec(labels: LabelMap, palette: Palette, damage: Damage, trip: JpegTrip): Promise<CodecRun> {
  const maskige = encode(labels, palette);
  let damaged: RgbImage = maskige;
  let bytes: number | undefined;
  if (damage.noise > 0 || damage.shrink > 1) await pause();
  if (damage.noise > 0) damaged = gaussianNoise(damaged, damage.noise, 1);
  if (damage.noise > 0 && damage.shrink > 1) await pause();
  if (damage.shrink > 1) damaged = downAndUp(damaged, damage.shrink);
  if (damage.jpeg > 0) ({ image: damaged, bytes } = await trip(damaged, damage.jpeg));
  await pause();
  const decoded = decode(damaged, palette);
  const confusion = addToConfusion(createConfusion(palette.length), decoded, labels);
  return { maskige, damaged, decoded, scores: scores(confusion), bytes };
}
