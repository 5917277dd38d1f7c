import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { type Canvas, fillEllipse, fillPolygon, fillRect, keepLabel, plain } from './canvas.js';
import { street as id } from './classes.js';
import { type Camera, darker, hsv, screenX, screenY, seen, type Weather } from './world.js';

/** Half the thickness of a post in canvas pixels: at least one pixel of a picture 192 wide, in calm scenes one and a half. */
const postHalf = (c: Canvas, k: number, metres: number, calm: boolean) =>
  Math.max(metres * k, (calm ? 1.6 : 1.05) * c.unit);

const postColors: readonly Rgb[] = [
  [112, 114, 116],
  [70, 72, 74],
  [146, 148, 148],
  [64, 84, 70],
  [116, 92, 66],
];

function drawPost(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  x: number,
  z: number,
  height: number,
  color: Rgb,
  metres = 0.07,
): number {
  const half = postHalf(c, cam.f / z, metres, weather.calm);
  const sx = screenX(cam, x, z);
  const paint = seen(weather, color, 0.4, z);
  fillEllipse(
    c,
    sx,
    screenY(cam, 0, z),
    half * 2.4,
    half * 0.8,
    { top: [10, 10, 12], bottom: [10, 10, 12], alpha: 0.4 },
    keepLabel,
  );
  const [top, foot] = [screenY(cam, height, z), screenY(cam, 0, z)];
  fillRect(c, sx - half, top, sx, foot, plain(darker(paint, weather.sunSide < 0 ? 1.15 : 0.8)), id.pole);
  fillRect(c, sx, top, sx + half, foot, plain(darker(paint, weather.sunSide < 0 ? 0.8 : 1.15)), id.pole);
  return half;
}

/** A lamp on a tall post; its arm reaches over the road. */
export function drawLamp(c: Canvas, cam: Camera, weather: Weather, x: number, z: number, random: Random): void {
  const height = random.range(4.8, 7);
  const k = cam.f / z;
  const color = random.pick(postColors);
  const half = drawPost(c, cam, weather, x, z, height, color);
  const sx = screenX(cam, x, z);
  const top = screenY(cam, height, z);
  const reach = -Math.sign(x) * random.range(0.9, 1.6) * k;
  const paint = plain(seen(weather, color, 0.4, z));
  fillPolygon(
    c,
    [sx, top - half * 0.6, sx + reach, top - half * 1.6, sx + reach, top + half * 0.4, sx, top + half * 1.4],
    paint,
    id.pole,
  );
  const glow: Rgb = weather.lights > 0.3 ? [255, 226, 160] : seen(weather, [206, 206, 200], 0.5, z);
  fillEllipse(
    c,
    sx + reach,
    top,
    Math.max(0.32 * k, 1.5 * c.unit),
    Math.max(0.13 * k, c.unit),
    plain(glow, 2),
    id.pole,
  );
}

/** A traffic sign (round, triangle, square, diamond, board) on a post. */
export function drawSign(c: Canvas, cam: Camera, weather: Weather, x: number, z: number, random: Random): void {
  const k = cam.f / z;
  const height = random.range(2.4, 3);
  const r = random.range(0.42, 0.58) * (weather.calm ? 1.3 : 1) * k;
  drawPost(c, cam, weather, x, z, height, random.pick(postColors), 0.05);
  const sx = screenX(cam, x, z);
  const sy = screenY(cam, height - 0.1, z);
  const paint = (color: Rgb) => plain(seen(weather, color, 0.55, z), 3);
  const white: Rgb = [232, 230, 226];
  const red: Rgb = [196, 36, 34];
  const dark: Rgb = [36, 36, 40];
  const regular = (n: number, size: number, turn: number) =>
    Array.from({ length: n }, (_, i) => turn + (2 * Math.PI * i) / n).flatMap((a) => [
      sx + size * Math.cos(a),
      sy + size * Math.sin(a),
    ]);
  const kind = random.int(6);
  if (kind === 0) {
    fillEllipse(c, sx, sy, r, r, paint(red), id.sign);
    fillEllipse(c, sx, sy, r * 0.72, r * 0.72, paint(white), id.sign);
    fillRect(c, sx - r * 0.4, sy - r * 0.3, sx + r * 0.4, sy + r * 0.3, paint(dark), id.sign);
  } else if (kind === 1) {
    fillPolygon(c, regular(3, r * 1.15, -Math.PI / 2), paint(red), id.sign);
    fillPolygon(c, regular(3, r * 0.7, -Math.PI / 2), paint(white), id.sign);
    fillRect(c, sx - r * 0.09, sy - r * 0.35, sx + r * 0.09, sy + r * 0.2, paint(dark), id.sign);
  } else if (kind === 2) {
    fillEllipse(c, sx, sy, r, r, paint([34, 78, 160]), id.sign);
    fillPolygon(
      c,
      [
        sx,
        sy - r * 0.6,
        sx + r * 0.4,
        sy,
        sx + r * 0.14,
        sy,
        sx + r * 0.14,
        sy + r * 0.6,
        sx - r * 0.14,
        sy + r * 0.6,
        sx - r * 0.14,
        sy,
        sx - r * 0.4,
        sy,
      ],
      paint(white),
      id.sign,
    );
  } else if (kind === 3) {
    fillPolygon(c, regular(4, r * 1.1, 0), paint([226, 180, 40]), id.sign);
    fillPolygon(c, regular(4, r * 0.35, 0), paint(dark), id.sign);
  } else {
    // A board in any colour, also in wall greys and greens.
    const color = kind === 4 ? hsv(random.uniform(), random.range(0.1, 0.7), random.range(0.3, 0.75)) : white;
    fillRect(c, sx - r * 1.2, sy - r * 0.8, sx + r * 1.2, sy + r * 0.8, paint(white), id.sign);
    fillRect(c, sx - r * 1.08, sy - r * 0.68, sx + r * 1.08, sy + r * 0.68, paint(color), id.sign);
    for (const line of [-0.3, 0.12])
      fillRect(
        c,
        sx - r * 0.8,
        sy + r * line,
        sx + r * random.range(0.1, 0.8),
        sy + r * (line + 0.2),
        paint(kind === 4 ? white : dark),
        id.sign,
      );
  }
}

/** Traffic lights: a box of three lamps (a sign) on a post. */
export function drawTrafficLight(c: Canvas, cam: Camera, weather: Weather, x: number, z: number, random: Random): void {
  const k = cam.f / z;
  const height = random.range(3, 3.6);
  drawPost(c, cam, weather, x, z, height, [70, 72, 74], 0.07);
  const sx = screenX(cam, x, z);
  const top = screenY(cam, height + 0.3, z);
  const half = Math.max(0.24 * k, 2 * c.unit);
  const tall = half * 4.2;
  fillRect(c, sx - half, top, sx + half, top + tall, plain(seen(weather, [34, 36, 36], 0.4, z)), id.sign);
  const on = random.int(3);
  for (const [i, color] of (
    [
      [236, 44, 36],
      [240, 176, 40],
      [54, 206, 104],
    ] as const
  ).entries())
    fillEllipse(
      c,
      sx,
      top + tall * (0.19 + 0.31 * i),
      half * 0.62,
      half * 0.62,
      plain(i === on ? color : darker(seen(weather, color, 0.2, z), 0.3), 2),
      id.sign,
    );
}
