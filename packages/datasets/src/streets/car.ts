import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { blend, type Canvas, fillEllipse, fillPolygon, keepLabel, plain, shaded } from './canvas.js';
import { street as id } from './classes.js';
import { type Camera, darker, hsv, screenX, screenY, seen, type Weather } from './world.js';

/** The outline of a car seen from the side, as [metres from the rear, metres up]; the roof is points `roof[0]` to `roof[1]`. */
interface CarShape {
  readonly outline: readonly (readonly [number, number])[];
  /** Indices into the outline: foot and head of the rear window, then of the windscreen. */
  readonly rear: readonly [number, number];
  readonly wind: readonly [number, number];
  readonly width: number;
  readonly wheel: number;
}

const shapes: readonly CarShape[] = [
  // hatchback
  {
    outline: [
      [0, 0.24],
      [0.05, 0.85],
      [0.5, 1.42],
      [1.7, 1.47],
      [2.6, 0.95],
      [3.75, 0.75],
      [3.85, 0.24],
    ],
    rear: [1, 2],
    wind: [4, 3],
    width: 1.7,
    wheel: 0.32,
  },
  // saloon
  {
    outline: [
      [0, 0.24],
      [0, 0.9],
      [0.75, 0.97],
      [1.35, 1.4],
      [2.5, 1.42],
      [3.3, 0.95],
      [4.5, 0.75],
      [4.55, 0.24],
    ],
    rear: [2, 3],
    wind: [5, 4],
    width: 1.78,
    wheel: 0.33,
  },
  // estate / SUV
  {
    outline: [
      [0, 0.3],
      [0, 1.0],
      [0.25, 1.66],
      [2.5, 1.7],
      [3.2, 1.08],
      [4.4, 0.92],
      [4.5, 0.3],
    ],
    rear: [1, 2],
    wind: [4, 3],
    width: 1.88,
    wheel: 0.38,
  },
  // van
  {
    outline: [
      [0, 0.3],
      [0, 1.1],
      [0.05, 2.05],
      [3.6, 2.1],
      [4.4, 1.2],
      [5, 1],
      [5, 0.3],
    ],
    rear: [1, 2],
    wind: [4, 3],
    width: 1.95,
    wheel: 0.36,
  },
];

/** Car colours that house walls, roads, foliage and skies have too. */
function makeCarColor(random: Random, calm: boolean): Rgb {
  // Calm scenes dress people in reds: as many cars are red, so that red alone tells neither.
  if (calm && random.chance(0.4))
    return hsv(random.range(0.88, 1.04) % 1, random.range(0.55, 0.9), random.range(0.45, 0.85));
  const grey = random.range(30, 225);
  return random.pick<() => Rgb>([
    () => [grey, grey, grey + 3],
    () => [grey, grey, grey + 3],
    () => hsv(random.uniform(), random.range(0.4, 0.85), random.range(0.25, 0.75)),
    () => hsv(random.range(0.05, 0.15), random.range(0.1, 0.3), random.range(0.5, 0.8)),
  ])();
}

export interface Car {
  readonly x: number;
  readonly z: number;
  readonly shape: CarShape;
  readonly color: Rgb;
  /** True: it drives towards the camera, so that its front is seen. */
  readonly oncoming: boolean;
}

/** A car of any shape and colour at (x, z), in metres. */
export const makeCar = (x: number, z: number, oncoming: boolean, random: Random, calm: boolean): Car => ({
  x,
  z,
  oncoming,
  shape: random.pick([shapes[0]!, shapes[0]!, shapes[1]!, shapes[1]!, shapes[2]!, shapes[3]!]),
  color: makeCarColor(random, calm),
});

/** A car as an extruded outline: roof and end faces far to near, then the side that the camera sees, with glass, lamps and wheels. */
export function drawCar(c: Canvas, cam: Camera, weather: Weather, car: Car): void {
  const { shape } = car;
  const length = shape.outline.at(-1)![0];
  const half = shape.width / 2;
  /** u metres from the end that the camera sees. */
  const at = (x: number, y: number, u: number) => [screenX(cam, car.x + x, car.z + u), screenY(cam, y, car.z + u)];
  const along = (i: number) => (car.oncoming ? length - shape.outline[i]![0] : shape.outline[i]![0]);
  const up = (i: number) => shape.outline[i]![1];
  const side = Math.sign(cam.x - car.x) || 1;
  const color = (facing: number): Rgb => seen(weather, car.color, facing, car.z);
  const glassColor = blend(seen(weather, [38, 44, 52], 0.3, car.z), weather.horizon, 0.22);
  const glass = shaded(glassColor, 1.25, 0.8, 4);
  fillPolygon(
    c,
    [
      ...at(-half - 0.1, 0, -0.1),
      ...at(half + 0.1, 0, -0.1),
      ...at(half + 0.1, 0, length),
      ...at(-half - 0.1, 0, length),
    ],
    { top: [14, 14, 16], bottom: [14, 14, 16], alpha: 0.78 },
    keepLabel,
  );
  // A dark box down to the ground stands for wheels, underside and their gap.
  const tyre = plain(seen(weather, [26, 26, 28], 0.2, car.z), 3);
  for (const x of [-half + 0.08, half - 0.3])
    fillPolygon(
      c,
      [...at(x, 0.5, 0.4), ...at(x + 0.22, 0.5, 0.4), ...at(x + 0.22, 0, 0.4), ...at(x, 0, 0.4)],
      tyre,
      id.car,
    );
  const faces = shape.outline
    .slice(1)
    .map((_, i) => i)
    .sort((a, b) => Math.max(along(b), along(b + 1)) - Math.max(along(a), along(a + 1)));
  for (const i of faces) {
    const j = i + 1;
    const steep = Math.abs(up(j) - up(i)) > Math.abs(along(j) - along(i));
    const quad = [
      ...at(-half, up(i), along(i)),
      ...at(half, up(i), along(i)),
      ...at(half, up(j), along(j)),
      ...at(-half, up(j), along(j)),
    ];
    fillPolygon(c, quad, shaded(color(steep ? 0.3 : 0.8), 1.05, 0.92, 4), id.car);
    const window = [shape.rear, shape.wind].find(
      ([foot, head]) => Math.min(foot, head) === i && Math.max(foot, head) === j,
    );
    if (window) fillPolygon(c, pane(window, at, along, up, half), glass, id.car);
  }
  drawEnd(c, cam, weather, car, at, along, up, half);
  // The side towards the camera, its windows and wheels.
  const x = side * half;
  fillPolygon(
    c,
    shape.outline.flatMap((_, i) => at(x, up(i), along(i))),
    shaded(color(Math.max(0, side * weather.sunSide) * 0.8 + 0.1), 1.08, 0.78, 4),
    id.car,
  );
  const [rf, rh] = shape.rear;
  const [wf, wh] = shape.wind;
  const belt = Math.max(up(rf), up(wf)) + 0.02;
  const mid = (along(rh) + along(wh)) / 2;
  const lean = (a: number, b: number, t: number) => a + (b - a) * t;
  const pillar = car.oncoming ? -0.06 : 0.06;
  for (const [foot, head] of [
    [along(rf), along(rh)],
    [along(wf), along(wh)],
  ] as const) {
    const inner = foot < mid ? mid - Math.abs(pillar) : mid + Math.abs(pillar);
    fillPolygon(
      c,
      [
        ...at(x, belt, lean(foot, inner, 0.12)),
        ...at(x, up(rh) - 0.1, lean(head, inner, 0.12)),
        ...at(x, up(rh) - 0.1, inner),
        ...at(x, belt, inner),
      ],
      glass,
      id.car,
    );
  }
  for (const u of [0.19, 0.8])
    drawWheel(
      c,
      at,
      x,
      length * (car.oncoming ? 1 - u : u),
      shape.wheel,
      tyre,
      seen(weather, [150, 150, 154], 0.4, car.z),
    );
}

type At = (x: number, y: number, u: number) => number[];

function pane(
  [foot, head]: readonly [number, number],
  at: At,
  along: (i: number) => number,
  up: (i: number) => number,
  half: number,
): number[] {
  const t = (k: number) =>
    [up(foot) + (up(head) - up(foot)) * k, along(foot) + (along(head) - along(foot)) * k] as const;
  const [y0, u0] = t(0.08);
  const [y1, u1] = t(0.88);
  return [
    ...at(-half * 0.84, y0, u0),
    ...at(half * 0.84, y0, u0),
    ...at(half * 0.76, y1, u1),
    ...at(-half * 0.76, y1, u1),
  ];
}

/** Lamps, number plate and bumper on the end that faces the camera. */
function drawEnd(
  c: Canvas,
  _cam: Camera,
  weather: Weather,
  car: Car,
  at: At,
  along: (i: number) => number,
  up: (i: number) => number,
  half: number,
): void {
  const last = car.shape.outline.length - 1;
  const [low, high] = car.oncoming ? [last, last - 1] : [0, 1];
  const u = Math.min(along(low), along(high)) - 0.01;
  const dark = weather.lights > 0.12;
  const lamp: Rgb = car.oncoming ? (dark ? [255, 248, 214] : [214, 216, 214]) : dark ? [244, 42, 30] : [166, 32, 30];
  const y1 = up(high) - 0.06;
  const box = (x0: number, y0: number, x1: number, top: number) => [
    ...at(x0, y0, u),
    ...at(x1, y0, u),
    ...at(x1, top, u),
    ...at(x0, top, u),
  ];
  fillPolygon(
    c,
    box(-half * 0.98, 0.28, half * 0.98, 0.46),
    plain(seen(weather, darker(car.color, 0.5), 0.3, car.z)),
    id.car,
  );
  const paint = plain(dark ? lamp : seen(weather, lamp, 0.4, car.z), 3);
  for (const s of [-1, 1]) fillPolygon(c, box(s * half * 0.94, y1 - 0.17, s * half * 0.62, y1), paint, id.car);
  fillPolygon(c, box(-0.26, 0.5, 0.26, 0.62), plain(seen(weather, [206, 202, 176], 0.3, car.z)), id.car);
}

function drawWheel(
  c: Canvas,
  at: At,
  x: number,
  u: number,
  radius: number,
  tyre: ReturnType<typeof plain>,
  rim: Rgb,
): void {
  const [cx, cy] = at(x, radius, u) as [number, number];
  const [rightX] = at(x, radius, u + radius) as [number, number];
  const ry = Math.abs((at(x, 0, u) as [number, number])[1] - cy);
  const rx = Math.max(1, Math.abs(rightX - cx));
  fillEllipse(c, cx, cy, rx * 1.05, ry, tyre, id.car);
  fillEllipse(c, cx, cy, rx * 0.55, ry * 0.55, plain(rim, 3), id.car);
}
