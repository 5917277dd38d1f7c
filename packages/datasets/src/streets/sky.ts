import type { Random } from '../random.js';
import type { Canvas } from './canvas.js';
import { street } from './classes.js';
import { noiseMask, noiseSize, noiseTiles } from './noise.js';
import { type Camera, haze, lit, type Weather } from './world.js';

/** Sky with clouds and the sun's glow down to the horizon, and what stands far behind the street. */
export function drawSky(c: Canvas, cam: Camera, weather: Weather, random: Random): void {
  const { soft } = noiseTiles();
  const { zenith, horizon, cloud } = weather;
  const shiftX = random.int(noiseSize);
  const shiftY = random.int(noiseSize);
  const low = 1.1 - 2 * weather.cover;
  const sunX = c.width * (0.5 + 0.45 * weather.sunSide);
  const sunY = cam.cy * (weather.kind === 'sunset' ? 0.75 : 0.25);
  const glow = weather.kind === 'sunset' ? 0.75 : weather.kind === 'clear' ? 0.45 : 0.12;
  const reach = 1.6 / (c.width * c.width * 0.12);
  const bottom = Math.min(c.height, Math.ceil(cam.cy));
  // Sky is smooth: one value serves the four canvas pixels of a pixel.
  for (let y = 0; y < bottom; y += 2) {
    const up = 1 - y / cam.cy;
    const t = Math.sqrt(Math.max(0, up));
    const stretch = (1.1 - 0.75 * up) * (96 / c.unit) * 0.06; // clouds flatten towards the horizon
    const v = y * 2.2 * stretch + shiftY;
    const row = v | 0;
    const tv = v - row;
    const upper = (row & noiseMask) << 8;
    const lower = ((row + 1) & noiseMask) << 8;
    const dy = (y - sunY) * (y - sunY);
    const r = horizon[0] + (zenith[0] - horizon[0]) * t;
    const g = horizon[1] + (zenith[1] - horizon[1]) * t;
    const b = horizon[2] + (zenith[2] - horizon[2]) * t;
    let i = 3 * y * c.width;
    for (let x = 0; x < c.width; x += 2, i += 6) {
      const u = (x * 0.87) / c.unit + shiftX;
      const column = u | 0;
      const tu = u - column;
      const a = column & noiseMask;
      const e = (column + 1) & noiseMask;
      const high = soft[upper + a]! + (soft[upper + e]! - soft[upper + a]!) * tu;
      const deep = soft[lower + a]! + (soft[lower + e]! - soft[lower + a]!) * tu;
      const n = high + (deep - high) * tv;
      const density = Math.min(1, Math.max(0, (n - low) * 1.6)) * (0.35 + 0.6 * up);
      const shine = (glow * 90) / (1 + ((x - sunX) * (x - sunX) + dy) * reach * 40);
      c.rgb[i] = c.rgb[i + 3] = r + (cloud[0] - r) * density + shine;
      c.rgb[i + 1] = c.rgb[i + 4] = g + (cloud[1] - g) * density + shine * 0.92;
      c.rgb[i + 2] = c.rgb[i + 5] = b + (cloud[2] - b) * density + shine * 0.7;
    }
    if (y + 1 < c.height) c.rgb.copyWithin(3 * (y + 1) * c.width, 3 * y * c.width, 3 * (y + 1) * c.width);
  }
  c.labels.fill(street.sky, 0, bottom * c.width);
  drawDistance(c, cam, weather, random);
}

/** A skyline of houses or a line of trees at the end of the street. */
function drawDistance(c: Canvas, cam: Camera, weather: Weather, random: Random): void {
  const { soft, fine } = noiseTiles();
  const trees = random.chance(0.5);
  const z = random.range(80, 130);
  const fog = haze(weather, z * 0.8);
  const base = lit(weather, trees ? [70, 92, 58] : [128, 120, 116], 0.4);
  const label = trees ? street.tree : street.building;
  const height = (cam.f * random.range(6, 13)) / z;
  const phase = random.int(noiseSize);
  const end = Math.min(c.height, Math.ceil(cam.cy + (cam.f * cam.height) / z));
  let top = 0;
  for (let x = 0; x < c.width; x++) {
    const metres = ((x - cam.cx) * z) / cam.f;
    const wave = trees
      ? soft[(((metres * 3) | 0) + phase) & noiseMask]! * 0.5 +
        soft[noiseSize * 40 + ((((metres * 14) | 0) + phase) & noiseMask)]! * 0.35
      : fine[(Math.floor(metres / 9) + phase) & noiseMask]! * 0.5;
    top = Math.max(0, Math.round(cam.cy - height * (0.75 + wave)));
    for (let y = top; y < end; y++) {
      const i = y * c.width + x;
      const shade = 0.9 + 0.2 * fine[(y & noiseMask) * noiseSize + (x & noiseMask)]! * (trees ? 1 : 0.3);
      for (let k = 0; k < 3; k++) c.rgb[3 * i + k] = base[k]! * shade * (1 - fog) + weather.horizon[k]! * fog;
      c.labels[i] = label;
    }
  }
}
