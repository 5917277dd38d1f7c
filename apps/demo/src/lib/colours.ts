import type { Palette, Rgb } from '@gss/maskige';
import { oklab } from '@gss/maskige/design';

/** The eight colours of Okabe and Ito (2008), made to be told apart with any colour vision; yellow and orange first. */
const okabeIto: Palette = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [240, 228, 66],
  [213, 94, 0],
  [86, 180, 233],
  [40, 40, 40],
];

type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** How a colour looks without one kind of cone: Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB. */
const visions: readonly Matrix[] = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
];

const linear = (v: number) => (v <= 10.31475 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
const gamma = (v: number) => {
  const u = Math.min(1, Math.max(0, v));
  return 255 * (u <= 0.0031308 ? 12.92 * u : 1.055 * u ** (1 / 2.4) - 0.055);
};

/** OKLab coordinates of a colour as four kinds of eyes see it. */
function looks([red, green, blue]: Rgb): readonly (readonly [number, number, number])[] {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  return visions.map((m) =>
    oklab.fromRgb(
      gamma(m[0] * r + m[1] * g + m[2] * b),
      gamma(m[3] * r + m[4] * g + m[5] * b),
      gamma(m[6] * r + m[7] * g + m[8] * b),
    ),
  );
}

type Looks = ReturnType<typeof looks>;

/** How far apart two colours look to those who tell them apart least; OKLab, black to white is 255. */
function apart(p: Looks, q: Looks): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < p.length; i++) {
    const [u, v] = [p[i]!, q[i]!];
    least = Math.min(least, (u[0] - v[0]) ** 2 + (u[1] - v[1]) ** 2 + (u[2] - v[2]) ** 2);
  }
  return Math.sqrt(least);
}

/** The smallest such distance within a palette. */
export function leastVisibleDistance(palette: Palette): number {
  const all = palette.map(looks);
  return Math.min(...all.flatMap((p, i) => all.slice(i + 1).map((q) => apart(p, q))));
}

/**
 * K drawing colours for every kind of colour vision: Okabe and Ito's, then whichever colour of a lattice looks farthest from
 * all taken so far. Deterministic.
 */
export function safePalette(K: number): Palette {
  const taken = okabeIto.slice(0, K);
  if (K <= taken.length) return taken;
  const steps = [0, 36, 73, 109, 146, 182, 219, 255];
  const lattice = steps.flatMap((r) => steps.flatMap((g) => steps.map((b) => [r, g, b] as const)));
  const candidates = lattice.map((color) => ({ color, seen: looks(color), distance: Number.POSITIVE_INFINITY }));
  const take = (color: Rgb) => {
    const seen = looks(color);
    for (const candidate of candidates) candidate.distance = Math.min(candidate.distance, apart(candidate.seen, seen));
  };
  taken.forEach(take);
  while (taken.length < K) {
    const next = candidates.reduce((best, candidate) => (candidate.distance > best.distance ? candidate : best));
    taken.push(next.color);
    take(next.color);
  }
  return taken;
}

/** Colours of confidence, dark blue to yellow: cividis (Nuñez, Anderton, Renslow 2018) at nine places. */
const cividis: Palette = [
  [0, 34, 78],
  [18, 53, 112],
  [59, 73, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [254, 232, 56],
];

/** cividis as [256, 3] bytes. */
export const heatColours: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 768 }, (_, i) => {
  const at = (Math.floor(i / 3) / 255) * (cividis.length - 1);
  const low = Math.min(cividis.length - 2, Math.floor(at));
  return cividis[low]![i % 3]! * (low + 1 - at) + cividis[low + 1]![i % 3]! * (at - low) + 0.5;
});
