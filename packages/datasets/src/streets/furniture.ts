import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { type Canvas, fillEllipse, fillPolygon, fillRect, keepLabel, plain, shaded } from './canvas.js';
import { street as id } from './classes.js';
import { type Camera, darker, hsv, screenX, screenY, seen, type Weather } from './world.js';

/** Half the thickness of a post in canvas pixels: at least one pixel of a picture 192 wide. */
const postHalf = (c: Canvas, k: number, metres: number) => Math.max(metres * k, 1.05 * c.unit);

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
  const half = postHalf(c, cam.f / z, metres);
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
  const r = random.range(0.42, 0.58) * k;
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

/** A fence along the street from z0 to z1: pickets, boards or rails. Gaps between slats belong to it. */
export function drawFence(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  x: number,
  z0: number,
  z1: number,
  random: Random,
): void {
  const height = random.range(0.9, 1.35);
  const color = random.pick<Rgb>([
    [196, 190, 178],
    [112, 84, 60],
    [90, 96, 84],
    [120, 122, 122],
    [66, 66, 68],
    [146, 112, 80],
  ]);
  const spacing = random.pick([0.32, 0.5, 0.24]);
  const rails = random.chance(0.5);
  const facing = Math.max(0.1, -Math.sign(x - cam.x) * weather.sunSide);
  const point = (y: number, z: number) => [screenX(cam, x, z), screenY(cam, y, z)];
  const panel = 2.2;
  for (let z = z1; z > z0; z -= panel) {
    const near = Math.max(z0, z - panel);
    if (near < 1) break;
    const light = seen(weather, color, facing, near);
    fillPolygon(
      c,
      [...point(height * 0.94, near), ...point(height * 0.94, z), ...point(0, z), ...point(0, near)],
      shaded(light, 0.62, 0.5, 10),
      id.fence,
    );
    const wide = ((cam.f * Math.abs(x - cam.x)) / (near * near)) * spacing > 1.6 * c.unit;
    const slat = shaded(light, 1.1, 0.88, 8);
    if (wide && !rails)
      for (let s = z; s > near; s -= spacing)
        fillPolygon(
          c,
          [
            ...point(height, s - spacing * 0.62),
            ...point(height, s),
            ...point(0.06, s),
            ...point(0.06, s - spacing * 0.62),
          ],
          slat,
          id.fence,
        );
    for (const [low, high] of rails
      ? [
          [0.15, 0.4],
          [0.55, 0.8],
          [0.88, 1],
        ]
      : [
          [0.72, 0.82],
          [0.2, 0.3],
        ])
      if (rails || !wide)
        fillPolygon(
          c,
          [
            ...point(height * high!, near),
            ...point(height * high!, z),
            ...point(height * low!, z),
            ...point(height * low!, near),
          ],
          slat,
          id.fence,
        );
    fillPolygon(
      c,
      [
        ...point(height * 1.06, near),
        ...point(height * 1.06, near + 0.16),
        ...point(0, near + 0.16),
        ...point(0, near),
      ],
      shaded(light, 0.95, 0.8),
      id.fence,
    );
  }
}

/** A bin, box or parcel: things nobody has a class for. */
export function drawThing(c: Canvas, cam: Camera, weather: Weather, x: number, z: number, random: Random): void {
  const half = random.range(0.28, 0.5);
  const height = random.range(0.6, 1.25);
  const color = hsv(random.uniform(), random.range(0.1, 0.6), random.range(0.2, 0.7));
  const front = seen(weather, color, 0.35, z);
  const side = Math.sign(cam.x - x) || 1;
  const at = (dx: number, y: number, dz: number) => [screenX(cam, x + dx, z + dz), screenY(cam, y, z + dz)];
  const flank = [
    ...at(side * half, height, 0),
    ...at(side * half, height, 2 * half),
    ...at(side * half, 0, 2 * half),
    ...at(side * half, 0, 0),
  ];
  fillPolygon(
    c,
    [
      ...at(-half * 1.2, 0, -0.08),
      ...at(half * 1.2, 0, -0.08),
      ...at(half * 1.2, 0, 2 * half),
      ...at(-half * 1.2, 0, 2 * half),
    ],
    { top: [10, 10, 12], bottom: [10, 10, 12], alpha: 0.4 },
    keepLabel,
  );
  fillPolygon(c, flank, shaded(darker(front, 0.7), 1, 0.85), id.unlabelled);
  fillPolygon(
    c,
    [...at(-half, height, 0), ...at(half, height, 0), ...at(half, height, 2 * half), ...at(-half, height, 2 * half)],
    plain(darker(front, 1.2)),
    id.unlabelled,
  );
  fillPolygon(
    c,
    [...at(-half, height, 0), ...at(half, height, 0), ...at(half, 0, 0), ...at(-half, 0, 0)],
    shaded(front, 1.05, 0.8),
    id.unlabelled,
  );
}

/** The bonnet of the car that carries the camera: unlabelled, as in the data sets of this kind. */
export function drawBonnet(c: Canvas, weather: Weather, color: Rgb, share: number): void {
  const top = c.height * (1 - share);
  const light = seen(weather, color, 0.7, 1);
  const points = Array.from({ length: 17 }, (_, i) => i / 16).flatMap((t) => [
    t * c.width * 1.1 - c.width * 0.05,
    top + c.height * share * 0.75 * (2 * t - 1) ** 2,
  ]);
  fillPolygon(
    c,
    [...points, c.width * 1.05, c.height + 1, -c.width * 0.05, c.height + 1],
    shaded(light, 1.15, 0.7, 3),
    id.unlabelled,
  );
}
