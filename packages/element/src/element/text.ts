import type { Result } from '../engine/api.js';

/** Every sentence that the element says, in one place. */
export const text = {
  starting: 'Starting the engine.',
  loading: (percent: number | undefined) =>
    percent === undefined ? 'Loading the model.' : `Loading the model: ${percent} %.`,
  segmenting: (done: number, total: number) =>
    total > 1 ? `Segmenting: window ${done} of ${total}.` : 'Segmenting the image.',
  done: (milliseconds: number, backend: string) =>
    `Segmented in ${Math.round(milliseconds)} milliseconds on ${backend}.`,
  cancelled: 'Cancelled.',
  noModel: 'Give the element a model: the URL of a folder with config.json and model.safetensors.',
  noResult: 'There is no result yet.',
  notRead: (src: string, why: string) => `${src} could not be read (${why}).`,
  nothing: 'No image yet.',
  controls: 'How the result is shown',
  opacity: 'Opacity of the mask',
  cancel: 'Cancel',
  views: { overlay: 'Overlay', mask: 'Mask', maskige: 'Maskige', image: 'Image' },
} as const;

/** What a screen reader says of a result: the classes with their shares, the largest first; those below half a percent are left out. */
export function describeShares(
  { shares }: Pick<Result, 'shares'>,
  classes: readonly { readonly name: string }[],
): string {
  const found = shares
    .map((share, i) => ({ name: classes[i]?.name ?? `class ${i}`, percent: Math.round(share * 100) }))
    .filter(({ percent }) => percent > 0)
    .sort((a, b) => b.percent - a.percent)
    .map(({ name, percent }) => `${name} ${percent} %`);
  return `Segmented image: ${found.join(', ') || 'no class fills half a percent'}.`;
}
