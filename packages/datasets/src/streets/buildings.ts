import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { type Canvas, fillPolygon, shaded } from './canvas.js';
import { street as id } from './classes.js';
import { drawFrontWall, drawSideWall, makeFacadeStyle } from './facade.js';
import type { Side } from './layout.js';
import { type Camera, screenX, screenY, seen, type Weather } from './world.js';

/** The rows of houses on one side, far to near: a closed row (urban) or houses in gardens (suburban). */
export function drawBuildings(c: Canvas, cam: Camera, weather: Weather, side: Side, random: Random): void {
  if (side.kind === 'park') return;
  const plots: { z0: number; z1: number; height: number }[] = [];
  for (let z = random.range(-9, 0); z < 85; ) {
    const urban = side.kind === 'urban';
    const length = urban ? random.range(7, 17) : random.range(7, 11);
    plots.push({ z0: z, z1: z + length, height: urban ? random.range(6.5, 19) : random.range(3.4, 6) });
    z += length + (urban ? (random.chance(0.22) ? random.range(3, 8) : 0) : random.range(3, 8));
  }
  for (let i = plots.length - 1; i >= 0; i--) {
    const plot = plots[i]!;
    const nearer = plots[i - 1];
    const hidden = nearer && nearer.z1 === plot.z0 ? nearer.height : 0;
    if (side.kind === 'urban') drawTownHouse(c, cam, weather, side, plot, hidden, random);
    else drawHouse(c, cam, weather, side, plot, random);
  }
}

interface Plot {
  readonly z0: number;
  readonly z1: number;
  readonly height: number;
}

function drawTownHouse(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  { sign, front }: Side,
  plot: Plot,
  hidden: number,
  random: Random,
): void {
  const style = makeFacadeStyle(random, plot.height, weather.calm);
  const x = sign * front;
  if (plot.z0 > 1.5 && plot.height > hidden) {
    const far = sign * (front + 14);
    const blank = random.chance(0.6) ? { ...style, ground: 'blank' as const, top: 0 } : style;
    drawFrontWall(c, cam, weather, blank, Math.min(x, far), Math.max(x, far), plot.z0, () => plot.height, hidden);
  }
  if (plot.z1 > 1) drawSideWall(c, cam, weather, style, x, plot.z0, plot.z1, plot.height);
  if (random.chance(0.4) && plot.z0 > 4) drawChimneys(c, cam, weather, x, plot, random);
}

function drawChimneys(c: Canvas, cam: Camera, weather: Weather, x: number, plot: Plot, random: Random): void {
  const z = random.range(plot.z0, plot.z1);
  const half = 0.45;
  const paint = shaded(seen(weather, [122, 80, 64], 0.4, z), 1.05, 0.85, 8);
  const [left, right] = [screenX(cam, x - half, z), screenX(cam, x + half, z)];
  const [top, bottom] = [screenY(cam, plot.height + 1.3, z), screenY(cam, plot.height, z)];
  fillPolygon(c, [left, top, right, top, right, bottom, left, bottom], paint, id.building);
}

/** A house with a pitched roof, its gable towards the camera or towards the street. */
function drawHouse(c: Canvas, cam: Camera, weather: Weather, { sign, front }: Side, plot: Plot, random: Random): void {
  const { z0, z1, height } = plot;
  if (z1 < 2) return;
  const near = Math.max(z0, 1.4);
  const style = makeFacadeStyle(random, height, weather.calm);
  const depth = random.range(6, 9);
  const inner = sign * (front + random.range(0, 1.5));
  const outer = inner + sign * depth;
  const rise = random.range(1.6, 3);
  const roofColor = random.pick<Rgb>([
    [128, 66, 50],
    [92, 70, 60],
    [78, 80, 86],
    [60, 62, 66],
    [146, 92, 66],
  ]);
  const [left, right] = [Math.min(inner, outer), Math.max(inner, outer)];
  const gableAhead = random.chance(0.6);
  const gable = (u: number) => height + (gableAhead ? rise * (1 - Math.abs(2 * u - 1)) : 0);
  const ridge = (inner + outer) / 2;
  const point = (x: number, y: number, z: number) => [screenX(cam, x, z), screenY(cam, y, z)];
  const eaves = sign * 0.35;
  const drop = (rise * 0.35) / (depth / 2); // the eaves lie on the line of the roof, or sky would show between roof and gable
  drawSideWall(c, cam, weather, { ...style, ground: 'door' }, inner, near, z1, height);
  if (z0 > 1.4)
    drawFrontWall(c, cam, weather, { ...style, ground: 'door', seed: style.seed + 9 }, left, right, near, gable);
  const verge = near * 0.98; // the roof juts out over the gable, so that no slit of sky is left between
  const slope = gableAhead
    ? [
        ...point(inner - eaves, height - drop, verge),
        ...point(ridge, height + rise, verge),
        ...point(ridge, height + rise, z1),
        ...point(inner - eaves, height - drop, z1),
      ]
    : [
        ...point(left - 0.35, height - 0.1, near),
        ...point(right + 0.35, height - 0.1, near),
        ...point(right - 0.5, height + rise, (near + z1) / 2),
        ...point(left + 0.5, height + rise, (near + z1) / 2),
      ];
  const facing = Math.max(0.25, -sign * weather.sunSide);
  fillPolygon(c, slope, shaded(seen(weather, roofColor, facing, (near + z1) / 2), 1.08, 0.92, 12), id.building);
  if (gableAhead) return;
  // The half of a hipped roof that falls towards the street.
  const hip = [
    ...point(inner - eaves, height - 0.1, near),
    ...point(inner + sign * 0.5, height + rise, (near + z1) / 2),
    ...point(inner - eaves, height - 0.1, z1),
  ];
  fillPolygon(c, hip, shaded(seen(weather, roofColor, facing * 0.6, z1), 0.95, 0.85, 10), id.building);
}
