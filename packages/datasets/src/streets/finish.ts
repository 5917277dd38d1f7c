import type { Random } from '../random.js';
import type { LabelMap, RgbImage } from '../types.js';
import type { Canvas } from './canvas.js';
import { noiseMask, noiseSize, noiseTiles } from './noise.js';
import type { Weather } from './world.js';

/** The camera: half the canvas size (which smooths edges), exposure, tint, contrast, vignette and sensor noise. Labels by majority. */
export function finish(c: Canvas, weather: Weather, random: Random): { image: RgbImage; labels: LabelMap } {
  const width = c.width / 2;
  const height = c.height / 2;
  const data = new Uint8ClampedArray(3 * width * height);
  const { fine, grain } = noiseTiles();
  const full = weather.calm ? 0.3 : 1; // how far the camera's settings wander
  const exposure = 1.13 + (weather.calm ? 0.7 : 1) * random.range(-0.17, 0.17);
  const tint = [
    1 + full * random.range(-0.06, 0.06),
    1 + full * random.range(-0.03, 0.03),
    1 + full * random.range(-0.06, 0.06),
  ];
  const contrast = 1.01 + full * random.range(-0.13, 0.13);
  const noise = 1.5 + full * random.range(0, 4.5) + (weather.kind === 'dusk' ? 4 : 0);
  const vignette = random.range(0.05, 0.28);
  const rain = weather.kind === 'rain';
  const [gainR, gainG, gainB] = tint.map((t) => t * exposure * contrast) as [number, number, number];
  const { rgb } = c;
  const lift = 118 * (1 - contrast);
  const [o0, o1, o2] = [random.int(65536), random.int(65536), random.int(65536)] as [number, number, number];
  for (let y = 0; y < height; y++) {
    const v = (2 * y) / height - 1;
    for (let x = 0; x < width; x++) {
      const u = (2 * x) / width - 1;
      const edge = 1 - vignette * (u * u + v * v) * 0.5;
      const p = 3 * (2 * y * c.width + 2 * x);
      const q = p + 3 * c.width;
      const i = 3 * (y * width + x);
      const at = y * 241 + x;
      let drop = 0;
      // Streaks of rain: a few columns of the noise, stretched down the picture and slanted.
      if (rain && fine[(((y >> 3) * 7) & noiseMask) * noiseSize + ((x + (y >> 2) + o0) & noiseMask)]! > 0.975)
        drop = 26;
      const scale = edge * 0.25;
      data[i] =
        (rgb[p]! + rgb[p + 3]! + rgb[q]! + rgb[q + 3]!) * gainR * scale +
        lift * edge +
        drop +
        grain[(at + o0) & 65535]! * noise;
      data[i + 1] =
        (rgb[p + 1]! + rgb[p + 4]! + rgb[q + 1]! + rgb[q + 4]!) * gainG * scale +
        lift * edge +
        drop +
        grain[(at + o1) & 65535]! * noise;
      data[i + 2] =
        (rgb[p + 2]! + rgb[p + 5]! + rgb[q + 2]! + rgb[q + 5]!) * gainB * scale +
        lift * edge +
        drop +
        grain[(at + o2) & 65535]! * noise;
    }
  }
  return { image: { data: new Uint8Array(data.buffer), width, height }, labels: { data: majority(c), width, height } };
}

/** Of the four labels under a pixel the one that most of them have; in a tie the upper left one of a pair. */
function majority(c: Canvas): Uint8Array {
  const width = c.width / 2;
  const out = new Uint8Array((width * c.height) / 2);
  for (let i = 0; i < out.length; i++) {
    const p = 2 * (Math.floor(i / width) * c.width + (i % width));
    const a = c.labels[p]!;
    const b = c.labels[p + 1]!;
    const d = c.labels[p + c.width]!;
    const e = c.labels[p + c.width + 1]!;
    out[i] = a === b || a === d || a === e ? a : b === d || b === e ? b : d === e ? d : a;
  }
  return out;
}
