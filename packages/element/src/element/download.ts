import type { ModelInfo, Result } from '../engine/api.js';
import { encodeIndexPng } from '../engine/index-png.js';
import { type Layers, paint } from './paint.js';

export const downloadKinds = ['mask', 'color', 'maskige', 'overlay', 'json'] as const;
export type DownloadKind = (typeof downloadKinds)[number];

export interface Downloadable {
  readonly result: Result;
  readonly image: ImageBitmap;
  readonly layers: Layers;
  readonly classes: ModelInfo['classes'];
  readonly opacity: number;
}

const png = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('download: the browser wrote no PNG.'))),
      'image/png',
    ),
  );

/** The file of a kind. */
async function fileOf(kind: DownloadKind, { result, image, layers, classes, opacity }: Downloadable): Promise<Blob> {
  const { width, height, labels, shares, timings } = result;
  if (kind === 'mask')
    return encodeIndexPng(
      { data: labels, width, height },
      classes.map(({ color }) => color),
    );
  if (kind === 'color') return png(layers.mask);
  if (kind === 'maskige') return png(layers.maskige);
  if (kind === 'overlay') {
    const canvas = document.createElement('canvas');
    paint(canvas, image, layers, 'overlay', opacity);
    return png(canvas);
  }
  const named = classes.map(({ name, color }, id) => ({ id, name, color, share: shares[id] ?? 0 }));
  const json = { width, height, classes: named, milliseconds: timings };
  return new Blob([`${JSON.stringify(json, null, 2)}\n`], { type: 'application/json' });
}

/** Saves a file of the result as `segmentation.json` or `segmentation.KIND.png`. Throws RangeError for kinds that are none. */
export async function saveAs(kind: DownloadKind, from: Downloadable): Promise<void> {
  if (!downloadKinds.includes(kind))
    throw new RangeError(`download: expected ${downloadKinds.join(', ')}, got ${JSON.stringify(kind)}.`);
  const url = URL.createObjectURL(await fileOf(kind, from));
  const link = Object.assign(document.createElement('a'), {
    href: url,
    download: kind === 'json' ? 'segmentation.json' : `segmentation.${kind}.png`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
