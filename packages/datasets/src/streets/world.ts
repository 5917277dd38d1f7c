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

/** Column and row of the canvas where a point of the world is seen; z > 0. */
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

/** A colour in the shade. */
export const darker = (color: Rgb, by = 0.7): Rgb => scale(color, by);
