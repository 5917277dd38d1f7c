import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { colorsOf, squaredDistance } from './colors.js';
import { cellOf, partition } from './partition.js';
import type { Palette } from './types.js';

const color = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
const palettes = fc.array(color, { minLength: 1, maxLength: 25 });

/** Colours that no other beats at all eight corners of a box: the definition, for affine differences. */
function unbeaten(palette: Palette, origin: readonly number[], extent: number): number[] {
  const { rgb } = colorsOf(palette, undefined, undefined);
  const corners = Array.from({ length: 8 }, (_, i) =>
    [i >> 2, (i >> 1) & 1, i & 1].map((s, c) => origin[c]! + s * extent),
  );
  const at = (k: number) => corners.map((p) => squaredDistance(rgb, k, p[0]!, p[1]!, p[2]!));
  const all = palette.map((_, k) => at(k));
  const beats = (v: number, u: number) => {
    const least = Math.min(...all[u]!.map((d, i) => d - all[v]![i]!));
    return least > 0 || (least === 0 && v < u);
  };
  return [...palette.keys()].filter((u) => ![...palette.keys()].some((v) => beats(v, u)));
}

test.prop([palettes, color, fc.boolean()], { numRuns: 20 })(
  'a block is settled cell by cell, each with the colours that none beats in it',
  (palette, [r, g, b], whole) => {
    const found = new Map<number, number[]>();
    let cells = 0;
    partition(colorsOf(palette, undefined, undefined), whole, (cell, side, candidates, count) => {
      const list = [...candidates.subarray(0, count)];
      if (side > 1) expect(list).toHaveLength(1);
      for (let i = 0; i < side ** 3; i++) {
        const [x, y, z] = [Math.floor(i / side / side), Math.floor(i / side) % side, i % side];
        found.set(cell + x * 4096 + y * 64 + z, list);
      }
      cells += side ** 3;
    })(r, g, b);
    expect([cells, found.size]).toEqual([512, 512]);
    for (let i = 0; i < 512; i += 7) {
      const origin = [r & ~31, g & ~31, b & ~31].map((v, c) => v + 4 * ((i >> (6 - 3 * c)) & 7));
      const cell = cellOf(origin[0]!, origin[1]!, origin[2]!);
      expect(found.get(cell), `cell at ${origin}`).toEqual(unbeaten(palette, origin, whole ? 4 : 3));
    }
  },
);
