import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { type Canvas, fillPolygon, keepLabel, plain, shaded } from './canvas.js';
import { street as id } from './classes.js';
import { type Camera, darker, hsv, screenX, screenY, seen, type Weather } from './world.js';

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
