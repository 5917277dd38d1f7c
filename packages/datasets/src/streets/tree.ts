import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { type Canvas, fillPolygon, shaded } from './canvas.js';
import { street as id } from './classes.js';
import { noiseMask, noiseSize, noiseTiles } from './noise.js';
import { type Camera, haze, hsv, lit, screenX, screenY, seen, type Weather } from './world.js';

/** One hue for the trees of a scene: summer greens, autumn, blossom, near-black firs. */
export function makeFoliage(random: Random, calm = false): Rgb {
  const hues: (() => Rgb)[] = [
    () => hsv(random.range(0.2, 0.36), random.range(0.35, 0.6), random.range(0.32, 0.5)),
    () => hsv(random.range(0.2, 0.36), random.range(0.35, 0.6), random.range(0.32, 0.5)),
    () => hsv(random.range(0.04, 0.13), random.range(0.45, 0.7), random.range(0.45, 0.65)),
    () => hsv(random.range(0.3, 0.42), random.range(0.2, 0.4), random.range(0.2, 0.3)),
    () => hsv(random.range(0.9, 0.98), random.range(0.12, 0.25), random.range(0.62, 0.75)),
  ];
  return random.pick(calm ? hues.slice(0, 2) : hues)();
}

/** A trunk and a crown of leaf clusters, or a fir, or (height < 2.5) a bush. */
export function drawTree(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  x: number,
  z: number,
  height: number,
  foliage: Rgb,
  random: Random,
): void {
  const k = cam.f / z;
  const sx = screenX(cam, x, z);
  const ground = screenY(cam, 0, z);
  const bush = height < 2.5;
  const crown = bush ? height * 0.55 : height * random.range(0.28, 0.36);
  const middle = ground - (bush ? height * 0.5 : height - crown) * k;
  if (!bush) {
    const half = Math.max(0.05 * height * 0.35, (1.1 * c.unit) / k) * k;
    const lean = random.range(-0.25, 0.25) * k;
    const bark = shaded(seen(weather, [88, 72, 58], 0.35, z), 0.75, 1.1, 14);
    fillPolygon(
      c,
      [sx - half, ground, sx - half * 0.6 + lean, middle, sx + half * 0.6 + lean, middle, sx + half, ground],
      bark,
      id.tree,
    );
  }
  const clusters = bush ? 4 : 8;
  const color = lit(weather, foliage, 0.35);
  for (let n = 0; n < clusters; n++) {
    const turn = (n / clusters) * 2 * Math.PI + random.range(-0.4, 0.4);
    const away = n === clusters - 1 ? 0 : random.range(0.45, 0.8);
    const cy = middle - Math.sin(turn) * crown * away * 0.8 * k;
    const cx = sx + Math.cos(turn) * crown * away * (bush ? 1.3 : 0.95) * k;
    const size = crown * random.range(0.48, 0.72) * k;
    // Clusters that turn to the light are brighter.
    const tone = 0.85 + 0.22 * Math.sin(turn) * away + 0.2 * Math.cos(turn) * weather.sunSide * weather.sun[0];
    drawCluster(
      c,
      cx,
      cy,
      size,
      [color[0] * tone, color[1] * tone, color[2] * tone],
      weather,
      haze(weather, z),
      random.int(noiseSize),
    );
  }
}

function drawCluster(
  c: Canvas,
  cx: number,
  cy: number,
  radius: number,
  [r, g, b]: Rgb,
  weather: Weather,
  fog: number,
  phase: number,
): void {
  const { soft, fine } = noiseTiles();
  const [ar, ag, ab] = weather.horizon;
  const y0 = Math.max(0, Math.floor(cy - radius * 1.3));
  const y1 = Math.min(c.height, Math.ceil(cy + radius * 1.3));
  const x0 = Math.max(0, Math.floor(cx - radius * 1.3));
  const x1 = Math.min(c.width, Math.ceil(cx + radius * 1.3));
  const inverse = 1 / radius;
  const grain = 56 * inverse;
  const side = weather.sunSide * Math.min(1, weather.sun[0] * 2);
  for (let y = y0; y < y1; y++) {
    const v = (y - cy) * inverse;
    const row = (((y - cy) * grain + phase) & noiseMask) * noiseSize;
    for (let x = x0; x < x1; x++) {
      const u = (x - cx) * inverse;
      const n = soft[row + (((x - cx) * grain + 2 * phase) & noiseMask)]!;
      const leaf = fine[((y >> 1) & noiseMask) * noiseSize + (((x >> 1) + phase) & noiseMask)]!;
      if (u * u + v * v + 0.55 * n + 0.16 * leaf > 0.92) continue;
      const tone = (1 - 0.34 * v + 0.24 * u * side + 0.26 * leaf - 0.2 * n) * (1 - fog);
      const pixel = y * c.width + x;
      c.rgb[3 * pixel] = r * tone + ar * fog;
      c.rgb[3 * pixel + 1] = g * tone + ag * fog;
      c.rgb[3 * pixel + 2] = b * tone + ab * fog;
      c.labels[pixel] = id.tree;
    }
  }
}
