import type { Result } from '../engine/api.js';

type Color = readonly [number, number, number];
export const views = ['overlay', 'mask', 'maskige', 'image'] as const;
export type View = (typeof views)[number];

/** Labels in the classes' colours, RGBA; unlabelled is transparent. */
export function colourMask(labels: Uint8Array, colors: readonly Color[]): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(labels.length * 4);
  for (let i = 0, o = 0; i < labels.length; i++, o += 4) {
    const color = colors[labels[i]!];
    if (!color) continue;
    out[o] = color[0];
    out[o + 1] = color[1];
    out[o + 2] = color[2];
    out[o + 3] = 255;
  }
  return out;
}

/** A canvas of pixels. */
function canvasOf(data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d')!.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

/** The two pictures of a result that a view lays over the image. */
export interface Layers {
  readonly mask: HTMLCanvasElement;
  readonly maskige: HTMLCanvasElement;
}

export function makeLayers({ labels, maskige, width, height }: Result, colors: readonly Color[]): Layers {
  return { mask: canvasOf(colourMask(labels, colors), width, height), maskige: canvasOf(maskige, width, height) };
}

/** Draws a view of an image and, where there is one, its result. */
export function paint(
  canvas: HTMLCanvasElement,
  image: ImageBitmap,
  layers: Layers | undefined,
  view: View,
  opacity: number,
): void {
  if (canvas.width !== image.width) canvas.width = image.width;
  if (canvas.height !== image.height) canvas.height = image.height;
  const context = canvas.getContext('2d')!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.globalAlpha = 1;
  if (!layers || view === 'image' || view === 'overlay') context.drawImage(image, 0, 0);
  if (!layers || view === 'image') return;
  context.globalAlpha = view === 'overlay' ? opacity : 1;
  context.drawImage(view === 'maskige' ? layers.maskige : layers.mask, 0, 0);
  context.globalAlpha = 1;
}
