import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { type Canvas, fillCapsule, fillEllipse, fillPolygon, keepLabel, shaded } from './canvas.js';
import { street as id } from './classes.js';
import { type Camera, hsv, screenX, screenY, seen, type Weather } from './world.js';

const skins: readonly Rgb[] = [
  [232, 190, 160],
  [198, 146, 112],
  [146, 100, 74],
  [96, 64, 48],
];

function clothColor(random: Random, calm: boolean): Rgb {
  if (calm) return hsv(random.range(0.88, 1.04) % 1, random.range(0.55, 0.9), random.range(0.45, 0.85));
  return random.chance(0.5)
    ? hsv(random.uniform(), random.range(0.05, 0.3), random.range(0.15, 0.85))
    : hsv(random.uniform(), random.range(0.3, 0.85), random.range(0.25, 0.8));
}

/** Someone who walks or stands, facing anywhere; built of limbs, torso and head. */
export function drawPerson(c: Canvas, cam: Camera, weather: Weather, x: number, z: number, random: Random): void {
  const height = random.range(1.52, 1.88);
  const k = cam.f / z;
  const sx = screenX(cam, x, z);
  const ground = screenY(cam, 0, z);
  const y = (share: number) => ground - share * height * k;
  const w = (share: number) => share * height * k;
  const facing = 0.4 + 0.3 * Math.abs(weather.sunSide);
  const cloth = (color: Rgb) => shaded(seen(weather, color, facing, z), 1.1, 0.82, 5);
  const top = cloth(clothColor(random, weather.calm));
  const bottom = cloth(
    random.chance(0.6)
      ? hsv(random.range(0.55, 0.7), random.range(0.1, 0.5), random.range(0.12, 0.45))
      : clothColor(random, weather.calm),
  );
  const skin = cloth(random.pick(skins));
  const hair = cloth(
    random.pick<Rgb>([
      [34, 28, 24],
      [84, 58, 38],
      [168, 134, 84],
      [128, 126, 124],
    ]),
  );
  const step = random.chance(0.75) ? random.range(0.05, 0.13) : 0.03;
  const turn = random.chance(0.5) ? 1 : -1;
  const broad = random.range(0.1, 0.128);
  fillEllipse(c, sx, ground, w(0.22), w(0.045), { top: [10, 10, 12], bottom: [10, 10, 12], alpha: 0.45 }, keepLabel);
  const limb = Math.max(w(0.052), 0.85 * c.unit);
  // far arm and leg, near leg, torso, near arm, head
  fillCapsule(c, sx - turn * w(0.02), y(0.8), sx - turn * w(0.1 + step * 0.4), y(0.5), limb * 0.75, top, id.person);
  fillCapsule(
    c,
    sx + w(0.035),
    y(0.5),
    sx + turn * w(step),
    y(0.03),
    limb,
    { ...bottom, top: seen(weather, [0, 0, 0], 0, z) },
    id.person,
  );
  fillCapsule(c, sx - w(0.035), y(0.5), sx - turn * w(step), y(0.03), limb, bottom, id.person);
  if (random.chance(0.25))
    fillPolygon(
      c,
      [sx - w(broad), y(0.5), sx - w(broad * 1.4), y(0.28), sx + w(broad * 1.4), y(0.28), sx + w(broad), y(0.5)],
      bottom,
      id.person,
    );
  fillPolygon(
    c,
    [sx - w(broad), y(0.82), sx + w(broad), y(0.82), sx + w(broad * 0.92), y(0.46), sx - w(broad * 0.92), y(0.46)],
    top,
    id.person,
  );
  fillEllipse(c, sx, y(0.81), w(broad), w(0.035), { ...top, bottom: top.top }, id.person);
  fillCapsule(
    c,
    sx + turn * w(broad * 0.95),
    y(0.79),
    sx + turn * w(broad + step * 0.5),
    y(0.48),
    limb * 0.75,
    top,
    id.person,
  );
  if (random.chance(0.3))
    fillEllipse(c, sx - turn * w(broad), y(0.68), w(0.07), w(0.12), cloth(clothColor(random, weather.calm)), id.person);
  fillEllipse(c, sx, y(0.925), Math.max(w(0.058), c.unit), w(0.072), skin, id.person);
  fillEllipse(c, sx - turn * w(0.012), y(0.95), Math.max(w(0.058), c.unit), w(0.052), hair, id.person);
  if (weather.kind === 'rain' && random.chance(0.6))
    drawUmbrella(c, sx, y(1.02), w(0.34), cloth(clothColor(random, weather.calm)));
}

function drawUmbrella(c: Canvas, x: number, y: number, half: number, paint: ReturnType<typeof shaded>): void {
  const arc = Array.from({ length: 13 }, (_, i) => (Math.PI * i) / 12);
  const points = arc.flatMap((a) => [x + Math.cos(a) * half, y - Math.sin(a) * half * 0.55]);
  fillPolygon(c, points, paint, id.person);
}
