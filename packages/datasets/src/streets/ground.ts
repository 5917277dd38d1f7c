import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import type { Canvas } from './canvas.js';
import { street as id } from './classes.js';
import type { Street } from './layout.js';
import { noiseMask, noiseSize, noiseTiles } from './noise.js';
import { type Camera, haze, lit, screenX, type Weather } from './world.js';

interface Surface {
  readonly color: Rgb;
  readonly label: number;
  /** Grey levels of fine grain and of soft stains. */
  readonly grain: number;
  readonly stains: number;
  /** Edge of tiles in metres, 0 for none. */
  readonly tile: number;
}

interface Span {
  from: number;
  surface: Surface;
}

const kerbWidth = 0.18;

/** The ground plane, row by row: each row lies at one distance and is cut into spans of one surface each. */
export function drawGround(c: Canvas, cam: Camera, weather: Weather, street: Street, random: Random): void {
  const surfaces = makeSurfaces(street, weather);
  const bands = makeBands(street, surfaces);
  const phase = random.range(0, 7);
  const offset = random.int(noiseSize * noiseSize);
  const shadowOf = makeShadow(street, weather);
  const first = Math.max(0, Math.ceil(cam.cy));
  const spans: Span[] = [];
  for (let y = first; y < c.height; y++) {
    const z = Math.min(400, (cam.f * cam.height) / (y + 0.5 - cam.cy));
    const shadow = shadowOf(z);
    spans.length = 0;
    for (const band of bands) spans.push({ from: Math.max(0, screenX(cam, band.from, z)), surface: band.surface });
    paintRow(c, cam, weather, y, z, spans, offset, shadow);
    paintMarkings(c, cam, weather, street, surfaces.marking, y, z, phase, offset, shadow);
  }
}

function makeSurfaces(street: Street, weather: Weather) {
  const light = (color: Rgb) => lit(weather, color, 0.7);
  const wet = 1 - 0.35 * weather.wet;
  const damp = ([r, g, b]: Rgb): Rgb => [r * wet, g * wet, b * wet];
  return {
    road: { color: damp(light(street.road)), label: id.road, grain: 13, stains: 15, tile: 0 },
    pavement: { color: damp(light(street.pavement)), label: id.pavement, grain: 9, stains: 13, tile: street.tile },
    kerb: { color: light([168, 166, 160]), label: id.pavement, grain: 8, stains: 6, tile: 1 },
    grass: { color: light(street.grass), label: id.grass, grain: 26, stains: 22, tile: 0 },
    marking: { color: light(street.markingColor), label: id.marking, grain: 10, stains: 14, tile: 0 },
  } satisfies Record<string, Surface>;
}

function makeBands({ roadHalf, left, right }: Street, s: ReturnType<typeof makeSurfaces>): Span[] {
  return [
    { from: -1e4, surface: left.kind === 'urban' ? s.pavement : s.grass },
    { from: -left.pavementEnd, surface: s.pavement },
    { from: -roadHalf - kerbWidth, surface: s.kerb },
    { from: -roadHalf, surface: s.road },
    { from: roadHalf, surface: s.kerb },
    { from: roadHalf + kerbWidth, surface: s.pavement },
    { from: right.pavementEnd, surface: right.kind === 'urban' ? s.pavement : s.grass },
    { from: 1e4, surface: s.grass },
  ];
}

/** The shadow of the houses on the sunny side: where x · sign exceeds `edge`, the ground is darkened. */
interface Shadow {
  readonly sign: number;
  readonly edge: number;
  readonly dark: number;
}

const noShadow: Shadow = { sign: 1, edge: Infinity, dark: 1 };

/** The shadow in the row at z metres: it reaches as far as the house there is high. */
function makeShadow(street: Street, weather: Weather): (z: number) => Shadow {
  const { fine } = noiseTiles();
  const side = weather.sunSide < 0 ? street.left : street.right;
  const depth = side.kind === 'urban' ? 1 : side.kind === 'suburban' ? 0.6 : 0;
  if (weather.sun[0] < 0.1 || depth === 0 || Math.abs(weather.sunSide) < 0.25) return () => noShadow;
  const dark = 1 - 0.42 * Math.min(1, weather.sun[0] * 1.6);
  const reach = depth * (0.5 + Math.abs(weather.sunSide)) * 1.2;
  return (z) => ({ sign: side.sign, edge: side.front - (3.2 + 2.4 * fine[(z / 9) & noiseMask]!) * reach, dark });
}

/** One row from span to span. Far rows lose their grain: there a pixel covers many stones. */
function paintRow(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  y: number,
  z: number,
  spans: readonly Span[],
  offset: number,
  shadow: Shadow,
): void {
  const { fine, soft } = noiseTiles();
  const air = haze(weather, z);
  const metresPerPixel = z / cam.f;
  const near = Math.min(1, 9 / z);
  const mirror = weather.wet * 0.4 * Math.min(1, z / 14);
  const [ar, ag, ab] = weather.horizon;
  const rowFine = (((z * 29) | 0) * noiseSize + offset) & (noiseSize * noiseSize - 1);
  const rowSoft = ((((z * 5) | 0) & noiseMask) * noiseSize) & (noiseSize * noiseSize - 1);
  for (let k = 0; k + 1 < spans.length; k++) {
    const { surface } = spans[k]!;
    const from = Math.round(spans[k]!.from);
    const to = Math.min(c.width, Math.round(spans[k + 1]!.from));
    if (from >= to) continue;
    const [r, g, b] = surface.color;
    const grain = surface.grain * near;
    const reflect = surface.label === id.grass ? 0 : mirror;
    const joint = surface.tile > 0 && metresPerPixel < surface.tile / 7 ? Math.max(0.035, metresPerPixel * 0.8) : 0;
    const rowJoint = joint > 0 && z % surface.tile < joint * 2.5 ? -20 : 0;
    const clear = (1 - air) * (1 - reflect);
    const rest = air + reflect * (1 - air);
    let x = (from + 0.5 - cam.cx) * metresPerPixel + cam.x;
    let i = 3 * (y * c.width + from);
    for (let px = from; px < to; px++, i += 3, x += metresPerPixel) {
      const n = fine[(rowFine + ((x * 31 + 4096) & noiseMask)) & 65535]! * grain;
      let v = n + soft[rowSoft + ((x * 6 + 4096) & noiseMask)]! * surface.stains + rowJoint;
      if (joint > 0 && (x + 100) % surface.tile < joint) v -= 18;
      const shade = x * shadow.sign > shadow.edge ? clear * shadow.dark : clear;
      c.rgb[i] = (r + v) * shade + ar * rest;
      c.rgb[i + 1] = (g + v) * shade + ag * rest;
      c.rgb[i + 2] = (b + v) * shade + ab * rest;
    }
    c.labels.fill(surface.label, y * c.width + from, y * c.width + to);
  }
}

/** Lines along the road and a zebra across it. What would be thinner than a pixel is not painted at all. */
function paintMarkings(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  street: Street,
  paint: Surface,
  y: number,
  z: number,
  phase: number,
  offset: number,
  shadow: Shadow,
): void {
  const scale = cam.f / z;
  const stripe = (x: number, half: number) => {
    const widened = Math.max(half, (0.75 * c.unit) / scale); // at least 1.5 pixels of a picture 192 wide
    const from = { from: Math.max(0, screenX(cam, x - widened, z)), surface: paint };
    paintRow(c, cam, weather, y, z, [from, { ...from, from: screenX(cam, x + widened, z) }], offset, shadow);
  };
  if (street.zebra !== undefined && z > street.zebra && z < street.zebra + 3) {
    for (let x = -street.roadHalf + 0.4; x < street.roadHalf - 0.5; x += 1.1) stripe(x + 0.28, 0.28);
    return;
  }
  if (scale < 5 * c.unit || (street.zebra !== undefined && Math.abs(z - street.zebra - 1.5) < 2.2)) return;
  for (const { x, half, dash, gap } of street.lines) if ((z + phase) % (dash + gap) < dash) stripe(x, half);
}
