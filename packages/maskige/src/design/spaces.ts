type Triple = readonly [number, number, number];

/** Coordinates in which distances are measured, and the way back to RGB (0..255, not rounded). */
export interface ColorSpace {
  readonly name: string;
  /** Coordinates of a colour whose channels are in 0..255. */
  fromRgb(r: number, g: number, b: number): Triple;
  /** The colour at these coordinates; what lies outside the cube comes out on its wall. */
  toRgb(x: number, y: number, z: number): Triple;
}

const linear = (v: number) => (v <= 10.31475 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
const gamma = (v: number) => 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const clampLinear = (v: number) => gamma(Math.min(1, Math.max(0, v)));

/** OKLab (Ottosson 2020), lightness 0..255: distances are about as large as differences look. */
export const oklab: ColorSpace = {
  name: 'oklab',
  fromRgb(red, green, blue) {
    const [r, g, b] = [linear(red), linear(green), linear(blue)];
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      255 * (0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s),
      255 * (1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s),
      255 * (0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s),
    ];
  },
  toRgb(x, y, z) {
    const [L, a, b] = [x / 255, y / 255, z / 255];
    const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
    return [
      clampLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
      clampLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
      clampLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
    ];
  },
};

const white = [0.95047, 1, 1.08883] as const;
const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116);
const inverse = (t: number) => (t > 6 / 29 ? t ** 3 : (t - 16 / 116) / (24389 / 27 / 116));

/** CIELAB under D65 (CIE 1976), lightness 0..100: distances are ΔE*ab. */
export const cielab: ColorSpace = {
  name: 'cielab',
  fromRgb(red, green, blue) {
    const [r, g, b] = [linear(red), linear(green), linear(blue)];
    const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / white[0]);
    const y = f((0.2126729 * r + 0.7151522 * g + 0.072175 * b) / white[1]);
    const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / white[2]);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  },
  toRgb(L, a, b) {
    const middle = (L + 16) / 116;
    const x = white[0] * inverse(middle + a / 500);
    const y = white[1] * inverse(middle);
    const z = white[2] * inverse(middle - b / 200);
    return [
      clampLinear(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
      clampLinear(-0.969266 * x + 1.8760108 * y + 0.041556 * z),
      clampLinear(0.0556434 * x - 0.2040259 * y + 1.0572252 * z),
    ];
  },
};
