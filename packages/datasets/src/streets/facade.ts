import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { blend, type Canvas, scale } from './canvas.js';
import { street as id } from './classes.js';
import { noiseMask, noiseSize, noiseTiles } from './noise.js';
import { type Camera, haze, lit, type Weather } from './world.js';

/** What a wall looks like; lengths in metres. */
export interface FacadeStyle {
  readonly wall: Rgb;
  readonly base: Rgb;
  readonly glass: Rgb;
  readonly frame: Rgb;
  /** Width of a window and the wall to its next; height of a floor, and of the window in it. */
  readonly cell: number;
  readonly windowWidth: number;
  readonly floor: number;
  readonly windowHeight: number;
  readonly sill: number;
  /** 'shop': the ground floor is glass; 'door': windows with a door now and then; 'blank': no opening. */
  readonly ground: 'shop' | 'door' | 'blank';
  readonly brick: boolean;
  /** Windows are skipped from this height on (gables, parapets). */
  readonly top: number;
  readonly seed: number;
}

/** Wall colours that others share: road greys, pavement beiges, foliage and sky tints. */
const walls: readonly Rgb[] = [
  [150, 86, 68],
  [128, 76, 62],
  [196, 178, 148],
  [214, 204, 186],
  [146, 144, 140],
  [110, 110, 112],
  [176, 160, 130],
  [188, 190, 192],
  [132, 146, 158],
  [160, 172, 184],
  [122, 130, 104],
  [206, 184, 120],
  [198, 148, 124],
  [96, 92, 90],
];

/** Brick, cream and ochre, far from asphalt, sky and leaves; and one grey that pavements have too. */
const calmWalls: readonly Rgb[] = [walls[0]!, walls[1]!, walls[3]!, walls[4]!, walls[11]!, walls[12]!];

/** Colours and measures of a wall `height` metres high. */
export function makeFacadeStyle(random: Random, height: number, calm = false): FacadeStyle {
  const shade = random.range(0.8, 1.12);
  const wall = scale(random.pick(calm ? calmWalls : walls), shade);
  const tower = height > 13 && random.chance(0.5);
  const cell = tower ? random.range(2, 2.6) : random.range(2.4, 3.6);
  const floor = random.range(2.9, 3.5);
  const dark = random.chance(0.6) || calm;
  return {
    wall,
    base: scale(wall, random.range(0.6, 0.9)),
    glass: dark
      ? [46, 54, 64]
      : random.pick<Rgb>([
          [96, 116, 134],
          [120, 138, 150],
          [70, 76, 74],
          [142, 156, 168],
        ]),
    frame: random.chance(0.6) ? [214, 212, 206] : [72, 62, 54],
    cell,
    windowWidth: cell * (tower ? random.range(0.6, 0.78) : random.range(0.4, 0.6)),
    floor,
    windowHeight: floor * (tower ? random.range(0.55, 0.72) : random.range(0.44, 0.6)),
    sill: floor * random.range(0.2, 0.3),
    ground: random.pick(['shop', 'door', 'door', 'blank'] as const),
    brick: random.chance(0.35),
    top: height - 0.5,
    seed: random.int(noiseSize),
  };
}

/** The colours of a wall in the light that falls on it. */
interface WallLight {
  readonly wall: Rgb;
  readonly base: Rgb;
  readonly glass: Rgb;
  readonly frame: Rgb;
  readonly sky: Rgb;
}

function lightWall(style: FacadeStyle, weather: Weather, facing: number): WallLight {
  return {
    wall: lit(weather, style.wall, facing),
    base: lit(weather, style.base, facing),
    glass: lit(weather, style.glass, facing * 0.5),
    frame: lit(weather, style.frame, facing),
    sky: blend(weather.horizon, weather.zenith, 0.4),
  };
}

const lamp: Rgb = [238, 202, 132];
const shopStretch = 1.7;

/** One column of a wall: what does not change from spot to spot. */
interface Column {
  /** Canvas column, first and last row + 1, metres up at the first row, and metres a row. */
  readonly px: number;
  readonly top: number;
  readonly bottom: number;
  readonly v: number;
  readonly step: number;
  /** Metres along the wall. */
  readonly u: number;
  readonly fog: number;
  /** False: too far away for windows. */
  readonly openings: boolean;
  readonly bricks: boolean;
}

/** Paints a column from top to bottom: wall, window (frame, mullion, reflected sky, curtain or lamp), sill, door, shop front. */
function paintColumn(c: Canvas, s: FacadeStyle, l: WallLight, weather: Weather, column: Column): void {
  const { soft, fine } = noiseTiles();
  const { rgb, labels } = c;
  const { u, fog } = column;
  const [ar, ag, ab] = weather.horizon;
  const bricks = column.bricks && s.brick;
  const uSoft = (u * 7 + s.seed) & noiseMask;
  const uFine = (u * 40) & noiseMask;
  let v = column.v;
  for (let y = column.top; y < column.bottom; y++, v -= column.step) {
    const level = Math.floor(v / s.floor);
    const shop = level <= 0 && s.ground === 'shop';
    const inV = v - level * s.floor;
    const pitch = shop ? s.cell * shopStretch : s.cell;
    const cell = Math.floor(u / pitch);
    const width = shop ? pitch * 0.84 : s.windowWidth;
    const left = (pitch - width) / 2;
    const across = (u - cell * pitch - left) / width; // 0..1 in a window
    const sill = shop ? 0.45 : s.sill;
    const height = shop ? s.floor * 0.58 : s.windowHeight;
    let color = level <= 0 && s.ground !== 'blank' ? l.base : l.wall;
    let tone = 1;
    let label: number = id.building;
    let mirror = 0;
    let plainWall = true;
    const open = column.openings && v > 0 && v < s.top && !(level <= 0 && s.ground === 'blank');
    if (open && across > 0 && across < 1 && (level + 1) * s.floor <= s.top + 0.6) {
      const roll = fine[((cell * 37 + s.seed) & noiseMask) * noiseSize + ((level * 11 + s.seed) & noiseMask)]!;
      if (level <= 0 && s.ground === 'door' && roll > 0.35) {
        if (inV < 2.2 && across * width < 1.3) {
          color = l.frame;
          tone = 0.42;
          plainWall = false;
        }
      } else if (inV > sill && inV < sill + height) {
        const up = (inV - sill) / height;
        label = id.window;
        plainWall = false;
        if (
          across < 0.07 ||
          across > 0.93 ||
          up < 0.06 ||
          up > 0.94 ||
          (width > 1.1 && Math.abs(across - 0.5) < 0.035)
        ) {
          color = l.frame;
          tone = 0.95;
        } else if (roll * 0.5 + 0.5 < weather.lights) {
          color = lamp;
          tone = 0.75 + 0.25 * up;
        } else {
          color = l.glass;
          mirror = Math.max(0, Math.min(0.75, 0.15 + 0.4 * up + 0.25 * roll));
          tone = roll > 0.55 && up > 0.45 ? 1.35 : 1;
        }
      } else if (!shop && inV > sill - 0.14 && inV <= sill) {
        color = l.frame;
        tone = 0.85;
        plainWall = false;
      }
    }
    if (plainWall && shop && inV > s.floor * 0.76) {
      color = l.frame;
      tone = 0.55 + 0.3 * fine[(cell * 7 + s.seed) & noiseMask]!;
    } else if (plainWall) {
      tone =
        1 + 0.1 * soft[(((v * 7) & noiseMask) << 8) + uSoft]! + 0.05 * fine[(((v * 40) & noiseMask) << 8) + uFine]!;
      if (bricks) {
        const course = Math.floor(v * 5);
        if (v * 5 - course < 0.2 || (u * 2.2 + (course & 1) * 0.5) % 1 < 0.08) tone *= 1.12;
      }
      if (v > s.top) tone *= 0.78;
      else if (inV < 0.16 && level > 0) tone *= 0.92;
    }
    const k = tone * (1 - fog);
    const sky = mirror * k;
    const own = k - sky;
    const pixel = y * c.width + column.px;
    rgb[3 * pixel] = color[0] * own + l.sky[0] * sky + ar * fog;
    rgb[3 * pixel + 1] = color[1] * own + l.sky[1] * sky + ag * fog;
    rgb[3 * pixel + 2] = color[2] * own + l.sky[2] * sky + ab * fog;
    labels[pixel] = label;
  }
}

/** A wall along the street in the plane x = const, from z0 to z1. */
export function drawSideWall(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  style: FacadeStyle,
  x: number,
  z0: number,
  z1: number,
  height: number,
): void {
  const dx = x - cam.x;
  const facing = Math.max(0, -Math.sign(dx) * weather.sunSide);
  const light = lightWall(style, weather, facing);
  const near = cam.cx + (cam.f * dx) / Math.max(z0, 0.8);
  const far = cam.cx + (cam.f * dx) / z1;
  const from = Math.max(0, Math.round(Math.min(near, far)));
  const to = Math.min(c.width, Math.round(Math.max(near, far)));
  for (let px = from; px < to; px++) {
    const z = (cam.f * dx) / (px + 0.5 - cam.cx);
    const k = cam.f / z;
    const across = Math.abs(px + 0.5 - cam.cx) / z; // pixels a metre along the wall
    const openings = style.windowWidth * across > 2.4 * c.unit && style.windowHeight * k > 3 * c.unit;
    const top = Math.max(0, Math.round(cam.cy + (cam.height - height) * k));
    const bottom = Math.min(c.height, Math.round(cam.cy + cam.height * k));
    const v = cam.height - (top + 0.5 - cam.cy) / k;
    const fog = haze(weather, z);
    paintColumn(c, style, light, weather, {
      px,
      top,
      bottom,
      v,
      step: 1 / k,
      u: z - z0,
      fog,
      openings,
      bricks: across * 0.45 > 3,
    });
  }
}

/**
 * A wall across the view in the plane z = const, from x0 to x1; `roof(u)` gives its height (a gable), u from 0 to 1. What lies
 * below `hiddenBelow` metres is covered by a nearer house and left out.
 */
export function drawFrontWall(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  style: FacadeStyle,
  x0: number,
  x1: number,
  z: number,
  roof: (u: number) => number,
  hiddenBelow = 0,
): void {
  const light = lightWall(style, weather, 0.35);
  const k = cam.f / z;
  const left = cam.cx + (x0 - cam.x) * k;
  const from = Math.max(0, Math.round(left));
  const to = Math.min(c.width, Math.round(cam.cx + (x1 - cam.x) * k));
  const bottom = Math.min(c.height, Math.round(cam.cy + (cam.height - hiddenBelow) * k));
  const openings = style.windowWidth * k > 3 * c.unit;
  const fog = haze(weather, z);
  for (let px = from; px < to; px++) {
    const u = (px + 0.5 - left) / k;
    const top = Math.max(0, Math.round(cam.cy + (cam.height - roof(u / (x1 - x0))) * k));
    const v = cam.height - (top + 0.5 - cam.cy) / k;
    paintColumn(c, style, light, weather, { px, top, bottom, v, step: 1 / k, u, fog, openings, bricks: k * 0.45 > 3 });
  }
}
