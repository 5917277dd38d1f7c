import type { BackendInfo, ModelInfo, Result } from '@gss/element/engine';
import type { Palette } from '@gss/maskige';
import { encodePixels } from './canvas.js';
import { drawImage, drawLabels } from './draw.js';
import { encodeIndexPng } from './index-png.js';

export interface Found {
  readonly name: string;
  readonly result: Result;
  readonly model: ModelInfo;
  readonly backend: BackendInfo;
  /** Drawing colours. */
  readonly palette: Palette;
}

/** The files that can be saved of a result. */
export const downloads = {
  indexPng: ({ result: { labels, width, height }, palette }: Found) =>
    encodeIndexPng({ data: labels, width, height }, palette),
  colourPng: ({ result: { labels, width, height }, palette }: Found) =>
    encodePixels(drawLabels({ data: labels, width, height }, palette), 'image/png'),
  maskigePng: ({ result: { maskige, width, height } }: Found) =>
    encodePixels(drawImage({ data: maskige, width, height }), 'image/png'),
  async json({ name, result, model, backend }: Found) {
    const figures = {
      picture: name,
      width: result.width,
      height: result.height,
      model: model.name,
      backend: { name: backend.name, device: backend.device, threads: backend.threads },
      milliseconds: result.timings,
      classes: model.classes.map((entry, k) => ({ id: k, name: entry.name, share: result.shares[k] })),
      tokens: { width: result.tokens.width, height: result.tokens.height, data: [...result.tokens.data] },
    };
    return new Blob([JSON.stringify(figures, null, 1)], { type: 'application/json' });
  },
} satisfies Record<string, (found: Found) => Promise<Blob>>;

export type DownloadName = keyof typeof downloads;

export const downloadEndings: Record<DownloadName, string> = {
  indexPng: '-ids.png',
  colourPng: '-colours.png',
  maskigePng: '-maskige.png',
  json: '.json',
};
