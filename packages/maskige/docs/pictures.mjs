// Makes the README's pictures with the package itself: pnpm --filter @gss/maskige build && node docs/pictures.mjs
import { writeFileSync } from 'node:fs';
import { encode as encodePng } from 'fast-png';
import { decode, encode, maximalDistancePalette } from '../dist/index.js';
import { namedPalette } from '../dist/palettes/index.js';
import { gaussianNoise, sampleMap, swatch } from '../dist/report/index.js';

const [width, height, gap] = [200, 150, 8];

/** Pictures in a row on white. */
function row(pictures) {
  const h = Math.max(...pictures.map((p) => p.height));
  const w = pictures.reduce((sum, p) => sum + p.width, gap * (pictures.length - 1));
  const data = new Uint8ClampedArray(w * h * 3).fill(255);
  let left = 0;
  for (const p of pictures) {
    for (let y = 0; y < p.height; y++) {
      data.set(p.data.subarray(3 * y * p.width, 3 * (y + 1) * p.width), 3 * (y * w + left));
    }
    left += p.width + gap;
  }
  return { data, width: w, height: h };
}

const write = (name, image) =>
  writeFileSync(
    new URL(name, import.meta.url),
    encodePng({ ...image, data: Uint8Array.from(image.data), channels: 3, depth: 8 }),
  );

const palette = maximalDistancePalette(19);
const map = sampleMap(19, width, height, 4);
const maskige = encode(map, palette);
const noisy = gaussianNoise(maskige, 24);
const back = decode(noisy, palette);
const wrong = encode({ ...map, data: map.data.map((label, i) => (label === back.data[i] ? 0 : 1)) }, [
  [235, 235, 235],
  [200, 0, 0],
]);
// Noise does not compress: only a strip of the noisy maskige is shown.
const strip = { ...noisy, data: Uint8ClampedArray.from(maskige.data) };
for (let y = 0; y < height; y++) {
  const at = 3 * (y * width + (width >> 1));
  strip.data.set(noisy.data.subarray(at, 3 * (y + 1) * width), at);
}
write('round-trip.png', row([strip, encode(back, palette), wrong]));

const cell = { cell: 17, columns: 15, numbers: true };
write(
  'palettes.png',
  row([swatch(namedPalette('gss-ade20k-150').palette, cell), swatch(maximalDistancePalette(150), cell)]),
);
