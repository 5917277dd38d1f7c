import type { LabelMap, RgbImage } from '@gss/maskige';

const paper = 255;

/** Images on white, `gap` pixels apart, left to right (`row`) or top to bottom (`column`); smaller ones lie top left. */
export function join(images: readonly RgbImage[], direction: 'row' | 'column', gap = 4): RgbImage {
  const across = direction === 'row';
  const along = images.map(({ width, height }) => (across ? width : height));
  const length = along.reduce((sum, size) => sum + size, 0) + gap * Math.max(0, images.length - 1);
  const breadth = Math.max(0, ...images.map(({ width, height }) => (across ? height : width)));
  const [width, height] = across ? [length, breadth] : [breadth, length];
  const data = new Uint8Array(width * height * 3).fill(paper);
  let at = 0;
  for (const image of images) {
    const origin = across ? at : at * width;
    for (let y = 0; y < image.height; y++) {
      const line = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
      data.set(line, (origin + y * width) * 3);
    }
    at += (across ? image.width : image.height) + gap;
  }
  return { data, width, height };
}

/** Every n-th pixel, so that the image is at most `width` wide; smaller ones stay as they are. */
export function thin(image: RgbImage, width: number): RgbImage {
  const step = Math.ceil(image.width / width);
  if (step <= 1) return image;
  const [w, h] = [Math.floor(image.width / step), Math.max(1, Math.floor(image.height / step))];
  const data = new Uint8Array(w * h * 3);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const from = (y * step * image.width + x * step) * 3;
      data.set(image.data.subarray(from, from + 3), (y * w + x) * 3);
    }
  }
  return { data, width: w, height: h };
}

/** Where a prediction is wrong: red on the drawn truth in pale grey; unlabelled pixels, which do not count, are black. */
export function drawErrors(truth: LabelMap, prediction: LabelMap, drawn: RgbImage, ignore = 255): RgbImage {
  const data = new Uint8Array(drawn.data.length);
  for (let i = 0; i < truth.data.length; i++) {
    if (truth.data[i] === ignore) continue;
    const [r, g, b] = drawn.data.subarray(i * 3, i * 3 + 3) as unknown as [number, number, number];
    const grey = 170 + (0.3 * r + 0.59 * g + 0.11 * b) / 4;
    data.set(truth.data[i] === prediction.data[i] ? [grey, grey, grey] : [220, 0, 40], i * 3);
  }
  return { data, width: drawn.width, height: drawn.height };
}
