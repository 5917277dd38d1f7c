import type { Random } from '../random.js';
import type { Rgb } from '../types.js';
import { hsv } from './world.js';

export type SideKind = 'urban' | 'suburban' | 'park';

/** One side of the street; distances are metres from the middle of the road, positive on both sides. */
export interface Side {
  readonly kind: SideKind;
  /** -1 left, 1 right. */
  readonly sign: -1 | 1;
  /** Where the pavement ends. */
  readonly pavementEnd: number;
  /** Where the buildings begin (urban), or the gardens end. */
  readonly front: number;
  /** Where a fence stands, if one does. */
  readonly fence?: number;
}

export interface Street {
  readonly roadHalf: number;
  readonly left: Side;
  readonly right: Side;
  readonly road: Rgb;
  readonly pavement: Rgb;
  /** Edge of the pavement's tiles in metres. */
  readonly tile: number;
  readonly grass: Rgb;
  readonly markingColor: Rgb;
  /** Lines along the road: x, half width, and dash and gap in metres (gap 0: unbroken). */
  readonly lines: readonly { x: number; half: number; dash: number; gap: number }[];
  /** Where a zebra crossing begins, if there is one. */
  readonly zebra?: number;
}

/** A street drawn from `random`; a calm one as in `StreetSceneOptions.variety`. */
export function makeStreet(random: Random, calm = false): Street {
  const roadHalf = random.range(3.2, 5.6);
  const kinds = random.pick([
    ['urban', 'urban'],
    ['urban', 'urban'],
    ['suburban', 'suburban'],
    ['suburban', 'suburban'],
    ['urban', 'park'],
    ['park', 'suburban'],
    ['suburban', 'urban'],
  ] as const);
  const swap = random.chance(0.5);
  const roadGrey = random.range(58, 132);
  // Asphalt, worn concrete or reddish stone: pavements overlap it on purpose.
  const road = random.pick<Rgb>([
    [roadGrey, roadGrey, roadGrey + 3],
    [roadGrey, roadGrey, roadGrey + 3],
    [roadGrey + 12, roadGrey + 6, roadGrey - 4],
    [roadGrey + 16, roadGrey + 2, roadGrey - 6],
  ]);
  const paveGrey = random.range(80, 165);
  const pavement = random.pick<Rgb>([
    [paveGrey, paveGrey, paveGrey],
    [paveGrey + 10, paveGrey + 2, paveGrey - 14],
    [paveGrey + 22, paveGrey - 10, paveGrey - 20],
    [paveGrey - 6, paveGrey, paveGrey + 6],
  ]);
  const yellow = random.chance(0.2);
  const lines = [];
  const dashed = random.chance(0.65);
  if (random.chance(0.85))
    lines.push({ x: 0, half: 0.11, dash: dashed ? 3 : 1, gap: dashed ? random.range(2.5, 4) : 0 });
  if (random.chance(0.4))
    for (const x of [-roadHalf + 0.35, roadHalf - 0.35]) lines.push({ x, half: 0.09, dash: 1, gap: 0 });
  return {
    roadHalf,
    left: makeSide(random, kinds[swap ? 1 : 0], -1, roadHalf),
    right: makeSide(random, kinds[swap ? 0 : 1], 1, roadHalf),
    road: calm ? [roadGrey * 0.5 + 50, roadGrey * 0.5 + 50, roadGrey * 0.5 + 54] : road,
    pavement: calm ? [paveGrey * 0.35 + 94, paveGrey * 0.35 + 92, paveGrey * 0.35 + 88] : pavement,
    tile: random.pick([0.5, 0.8, 1.2, 0]),
    grass: hsv(random.range(0.17, 0.32), random.range(0.3, 0.6), random.range(0.34, 0.56)),
    markingColor: yellow ? [214, 176, 66] : [222, 222, 216],
    lines,
    ...(random.chance(0.35) ? { zebra: random.range(6, 13) } : {}),
  };
}

function makeSide(random: Random, kind: SideKind, sign: -1 | 1, roadHalf: number): Side {
  const pavementEnd = roadHalf + random.range(1.8, 3.6);
  if (kind === 'urban') {
    const railing = random.chance(0.2);
    return { kind, sign, pavementEnd, front: pavementEnd, ...(railing ? { fence: roadHalf + 0.3 } : {}) };
  }
  const front = pavementEnd + random.range(2.5, 6);
  return {
    kind,
    sign,
    pavementEnd,
    front,
    ...(random.chance(kind === 'suburban' ? 0.75 : 0.5) ? { fence: pavementEnd + 0.1 } : {}),
  };
}
