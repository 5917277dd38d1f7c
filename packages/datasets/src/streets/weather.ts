import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import type { Weather } from './world.js';

type Kind = Weather['kind'];
type Draw = number | ((random: Random) => number);
interface Look {
  readonly sky: Pick<Weather, 'zenith' | 'horizon' | 'cloud'>;
  readonly light: Pick<Weather, 'ambient' | 'sun' | 'lights'>;
  readonly air: { readonly cover: Draw; readonly visibility: Draw; readonly wet: Draw };
}

const between = (low: number, high: number) => (random: Random) => random.range(low, high);
const sometimes = (p: number, value: number) => (random: Random) => (random.chance(p) ? value : 0);

const looks: Readonly<Record<Kind, Look>> = {
  clear: {
    sky: { zenith: [62, 122, 200], horizon: [176, 208, 232], cloud: [250, 250, 250] },
    light: { ambient: [0.62, 0.66, 0.72], sun: [0.6, 0.56, 0.48], lights: 0 },
    air: { cover: between(0, 0.35), visibility: 260, wet: 0 },
  },
  cloudy: {
    sky: { zenith: [84, 132, 186], horizon: [190, 206, 218], cloud: [236, 238, 240] },
    light: { ambient: [0.66, 0.68, 0.72], sun: [0.4, 0.38, 0.34], lights: 0.03 },
    air: { cover: between(0.4, 0.75), visibility: 170, wet: sometimes(0.25, 0.35) },
  },
  overcast: {
    sky: { zenith: [146, 152, 160], horizon: [196, 200, 204], cloud: [172, 176, 182] },
    light: { ambient: [0.8, 0.81, 0.84], sun: [0.06, 0.06, 0.06], lights: 0.08 },
    air: { cover: 0.95, visibility: 110, wet: sometimes(0.3, 0.4) },
  },
  sunset: {
    sky: { zenith: [92, 96, 150], horizon: [246, 178, 118], cloud: [228, 138, 112] },
    light: { ambient: [0.56, 0.5, 0.54], sun: [0.7, 0.44, 0.24], lights: 0.15 },
    air: { cover: between(0.2, 0.6), visibility: 130, wet: 0 },
  },
  dusk: {
    sky: { zenith: [34, 48, 92], horizon: [116, 108, 136], cloud: [54, 58, 86] },
    light: { ambient: [0.5, 0.52, 0.64], sun: [0.03, 0.03, 0.05], lights: 0.45 },
    air: { cover: between(0.2, 0.8), visibility: 110, wet: sometimes(0.3, 0.5) },
  },
  fog: {
    sky: { zenith: [182, 186, 190], horizon: [206, 208, 210], cloud: [196, 199, 202] },
    light: { ambient: [0.84, 0.85, 0.87], sun: [0.04, 0.04, 0.04], lights: 0.15 },
    air: { cover: 0.5, visibility: between(28, 55), wet: 0.15 },
  },
  rain: {
    sky: { zenith: [104, 112, 122], horizon: [156, 162, 168], cloud: [122, 128, 136] },
    light: { ambient: [0.62, 0.65, 0.7], sun: [0.02, 0.02, 0.02], lights: 0.2 },
    air: { cover: 0.95, visibility: 75, wet: between(0.5, 0.8) },
  },
};
const kinds = Object.keys(looks) as Kind[];
const picks: readonly Kind[] = ['clear', 'clear', 'cloudy', 'cloudy', 'overcast', 'sunset', 'dusk', 'fog', 'rain'];

const jitter = (random: Random, [r, g, b]: Rgb, by: number): Rgb => {
  const all = random.range(-by, by);
  return [
    r + all + random.range(-by, by) / 2,
    g + all + random.range(-by, by) / 2,
    b + all + random.range(-by, by) / 2,
  ];
};

/** The weather of a scene; a calm one is clear or cloudy. */
export function makeWeather(random: Random, calm = false): Weather {
  const any = random.pick(picks);
  const fair = any === 'clear' || any === 'sunset' || any === 'dusk' ? 'clear' : 'cloudy';
  const kind = calm ? fair : any;
  const sunSide = random.range(-1, 1);
  const draw = (value: Draw) => (typeof value === 'number' ? value : value(random));
  // Every kind draws its air, whichever was picked: the numbers that follow are the same for every kind.
  const airs = new Map(
    kinds.map((name) => {
      const { cover, visibility, wet } = looks[name].air;
      return [name, { cover: draw(cover), visibility: draw(visibility), wet: draw(wet) }];
    }),
  );
  const { cover, visibility, wet } = airs.get(kind)!;
  const { sky, light } = looks[kind];
  return {
    kind,
    calm,
    ...light,
    cover,
    wet,
    zenith: jitter(random, sky.zenith, 18),
    horizon: jitter(random, sky.horizon, 14),
    cloud: jitter(random, sky.cloud, 8),
    visibility: visibility * random.range(0.8, 1.3),
    sunSide,
  };
}
