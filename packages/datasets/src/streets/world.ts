import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { blend, multiply, scale } from './canvas.js';

/** Metres: x to the right (0 = middle of the road), y up (0 = ground), z ahead of the camera. */
export interface Camera {
  /** Focal length and principal point, in canvas pixels; the horizon is the row `cy`. */
  readonly f: number;
  readonly cx: number;
  readonly cy: number;
  readonly x: number;
  readonly height: number;
}

export const screenX = (cam: Camera, x: number, z: number): number => cam.cx + (cam.f * (x - cam.x)) / z;
export const screenY = (cam: Camera, y: number, z: number): number => cam.cy + (cam.f * (cam.height - y)) / z;

/** Light and air of one scene. */
export interface Weather {
  readonly kind: 'clear' | 'cloudy' | 'overcast' | 'sunset' | 'dusk' | 'fog' | 'rain';
  readonly zenith: Rgb;
  readonly horizon: Rgb;
  readonly cloud: Rgb;
  /** 0..1: share of the sky under clouds. */
  readonly cover: number;
  /** Colour factors of light from everywhere and from the sun. */
  readonly ambient: Rgb;
  readonly sun: Rgb;
  /** Where the sun stands: -1 left … 1 right. */
  readonly sunSide: number;
  /** Metres after which 63 % of the colour is air. */
  readonly visibility: number;
  /** 0..1: how much the ground mirrors. */
  readonly wet: number;
  /** Share of lit windows. */
  readonly lights: number;
  /** Scenes of the calm variety: see `StreetSceneOptions.variety`. */
  readonly calm: boolean;
}

const jitter = (random: Random, [r, g, b]: Rgb, by: number): Rgb => {
  const all = random.range(-by, by);
  return [
    r + all + random.range(-by, by) / 2,
    g + all + random.range(-by, by) / 2,
    b + all + random.range(-by, by) / 2,
  ];
};

export function makeWeather(random: Random, calm = false): Weather {
  const any = random.pick(['clear', 'clear', 'cloudy', 'cloudy', 'overcast', 'sunset', 'dusk', 'fog', 'rain'] as const);
  const kind = calm ? (any === 'clear' || any === 'sunset' || any === 'dusk' ? 'clear' : 'cloudy') : any;
  const sunSide = random.range(-1, 1);
  const look = {
    clear: {
      zenith: [62, 122, 200],
      horizon: [176, 208, 232],
      cloud: [250, 250, 250],
      cover: random.range(0, 0.35),
      ambient: [0.62, 0.66, 0.72],
      sun: [0.6, 0.56, 0.48],
      visibility: 260,
      wet: 0,
      lights: 0,
    },
    cloudy: {
      zenith: [84, 132, 186],
      horizon: [190, 206, 218],
      cloud: [236, 238, 240],
      cover: random.range(0.4, 0.75),
      ambient: [0.66, 0.68, 0.72],
      sun: [0.4, 0.38, 0.34],
      visibility: 170,
      wet: random.chance(0.25) ? 0.35 : 0,
      lights: 0.03,
    },
    overcast: {
      zenith: [146, 152, 160],
      horizon: [196, 200, 204],
      cloud: [172, 176, 182],
      cover: 0.95,
      ambient: [0.8, 0.81, 0.84],
      sun: [0.06, 0.06, 0.06],
      visibility: 110,
      wet: random.chance(0.3) ? 0.4 : 0,
      lights: 0.08,
    },
    sunset: {
      zenith: [92, 96, 150],
      horizon: [246, 178, 118],
      cloud: [228, 138, 112],
      cover: random.range(0.2, 0.6),
      ambient: [0.56, 0.5, 0.54],
      sun: [0.7, 0.44, 0.24],
      visibility: 130,
      wet: 0,
      lights: 0.15,
    },
    dusk: {
      zenith: [34, 48, 92],
      horizon: [116, 108, 136],
      cloud: [54, 58, 86],
      cover: random.range(0.2, 0.8),
      ambient: [0.5, 0.52, 0.64],
      sun: [0.03, 0.03, 0.05],
      visibility: 110,
      wet: random.chance(0.3) ? 0.5 : 0,
      lights: 0.45,
    },
    fog: {
      zenith: [182, 186, 190],
      horizon: [206, 208, 210],
      cloud: [196, 199, 202],
      cover: 0.5,
      ambient: [0.84, 0.85, 0.87],
      sun: [0.04, 0.04, 0.04],
      visibility: random.range(28, 55),
      wet: 0.15,
      lights: 0.15,
    },
    rain: {
      zenith: [104, 112, 122],
      horizon: [156, 162, 168],
      cloud: [122, 128, 136],
      cover: 0.95,
      ambient: [0.62, 0.65, 0.7],
      sun: [0.02, 0.02, 0.02],
      visibility: 75,
      wet: random.range(0.5, 0.8),
      lights: 0.2,
    },
  } as const satisfies Record<Weather['kind'], Omit<Weather, 'kind' | 'sunSide' | 'calm'>>;
  const chosen = look[kind];
  return {
    kind,
    calm,
    ...chosen,
    zenith: jitter(random, chosen.zenith, 18),
    horizon: jitter(random, chosen.horizon, 14),
    cloud: jitter(random, chosen.cloud, 8),
    visibility: chosen.visibility * random.range(0.8, 1.3),
    sunSide,
  };
}

/** A colour as it looks under this light: `facing` 0..1 is how much the surface turns to the sun. */
export const lit = (weather: Weather, color: Rgb, facing: number): Rgb =>
  multiply(color, [
    weather.ambient[0] + weather.sun[0] * facing,
    weather.ambient[1] + weather.sun[1] * facing,
    weather.ambient[2] + weather.sun[2] * facing,
  ]);

/** The share of air in what is seen at a distance. */
export const haze = (weather: Weather, z: number): number => 1 - Math.exp(-z / weather.visibility);

/** Lit and seen through z metres of air. */
export const seen = (weather: Weather, color: Rgb, facing: number, z: number): Rgb =>
  blend(lit(weather, color, facing), weather.horizon, haze(weather, z));

/** Paint a hue anywhere: h in 0..1, saturation and value 0..1. */
export function hsv(h: number, s: number, v: number): Rgb {
  const channel = (n: number) => {
    const k = (n + h * 6) % 6;
    return 255 * (v - v * s * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

export const darker = (color: Rgb, by = 0.7): Rgb => scale(color, by);
