import type { Random } from '../random.js';
import { ignoreIndex, type LabelMap, type RgbImage } from '../types.js';
import { type Box, checkBox, type Size } from './geometry.js';

/** The part of a picture within a box. */
export function cropImage(image: RgbImage, box: Box): RgbImage {
  checkBox('cropImage', box, image);
  const out = new Uint8Array(3 * box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const from = 3 * ((box.y + y) * image.width + box.x);
    out.set(image.data.subarray(from, from + 3 * box.width), 3 * y * box.width);
  }
  return { data: out, width: box.width, height: box.height };
}

/** The part of a label map within a box. */
export function cropLabels(labels: LabelMap, box: Box): LabelMap {
  checkBox('cropLabels', box, labels);
  const length = box.width * box.height;
  const out = labels.data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
  for (let y = 0; y < box.height; y++) {
    const from = (box.y + y) * labels.width + box.x;
    out.set(labels.data.subarray(from, from + box.width), y * box.width);
  }
  return { data: out, width: box.width, height: box.height };
}

/** A size of crops; with `stride` they lie on a grid (see `gridPositions`). */
export interface CropSize extends Size {
  readonly stride?: number;
}

/**
 * A box of the size (or of the whole edge where the picture is smaller), anywhere in the picture, or on the grid of `stride`.
 */
export function randomCropBox(picture: Size, crop: CropSize, random: Random): Box {
  const { stride } = crop;
  const width = Math.min(picture.width, crop.width);
  const height = Math.min(picture.height, crop.height);
  const draw = (room: number) => {
    if (stride === undefined) return random.int(room + 1);
    return Math.min(random.int(Math.ceil(room / stride) + 1) * stride, room);
  };
  const y = draw(picture.height - height);
  const x = draw(picture.width - width);
  return { x, y, width, height };
}

/** The places 0, stride, 2 stride … of a window along an edge, the last one flush with its end. */
export function gridPositions(edge: number, window: number, stride: number): number[] {
  const room = Math.max(0, edge - window);
  return Array.from({ length: Math.ceil(room / stride) + 1 }, (_, i) => Math.min(i * stride, room));
}

/** Do two classes or more share these labels, none with `ratio` of them or more? Unlabelled pixels do not count. */
export function passesCatMaxRatio({ data }: LabelMap, ratio: number): boolean {
  const counts = new Uint32Array(data instanceof Uint16Array ? 65536 : 256);
  // Runs are counted at once: neighbours mostly share their class.
  for (let i = 0; i < data.length; ) {
    const id = data[i]!;
    const from = i++;
    while (i < data.length && data[i] === id) i++;
    counts[id]! += i - from;
  }
  counts[ignoreIndex] = 0;
  let classes = 0;
  let sum = 0;
  let top = 0;
  for (const n of counts) {
    if (n > 0) classes++;
    sum += n;
    if (n > top) top = n;
  }
  return classes > 1 && top / sum < ratio;
}

/**
 * mmsegmentation's choice of a crop: up to ten boxes are checked for `cat_max_ratio`; if all ten fail, the eleventh is taken
 * unchecked. `cut` gives the labels in a box. Returns the box, its labels, and how many boxes were drawn.
 */
export function chooseCrop(
  drawBox: () => Box,
  cut: (box: Box) => LabelMap,
  catMaxRatio = 1,
): { box: Box; labels: LabelMap; drawn: number } {
  let box = drawBox();
  let labels = cut(box);
  let drawn = 1;
  if (catMaxRatio < 1)
    for (let attempt = 0; attempt < 10 && !passesCatMaxRatio(labels, catMaxRatio); attempt++) {
      box = drawBox();
      labels = cut(box);
      drawn++;
    }
  return { box, labels, drawn };
}
