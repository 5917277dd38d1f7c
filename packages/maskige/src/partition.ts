import type { Colors } from './colors.js';

/**
 * The colour cube in 64³ cells of 4³ values.
 * Cells are settled in blocks of 8³ cells (32³ values) when a pixel first falls into them.
 */
export const cellCount = 0x40000;

/** The cell of a colour with channels in [0, 256). */
export const cellOf = (r: number, g: number, b: number): number => ((r >> 2) << 12) | ((g >> 2) << 6) | (b >> 2);

/** Receives a cube of side³ cells, from its first cell, and the colours, ascending, that can be nearest in it. */
export type Settle = (cell: number, side: number, candidates: Uint16Array, count: number) => void;

/** Settles the block that holds the colour (r, g, b). */
export type SettleBlock = (r: number, g: number, b: number) => void;

/**
 * Halving the box from 32 to 4, a colour is dropped as soon as another is nearer in the whole box: the difference of two
 * squared distances is affine, so that its least value in a box is known exactly.
 *
 * @param whole true: the candidates hold for every real point of a cell; false: for its integer points, which are fewer.
 */
export function partition({ labels, rgb }: Colors, whole: boolean, settle: Settle): SettleBlock {
  const count = labels.length;
  const lists = [0, 1, 2, 3].map(() => new Uint16Array(count));
  const places = new Uint16Array(count);
  const distances = new Int32Array(count);

  const visit = (x: number, y: number, z: number, size: number, from: Uint16Array, n: number, depth: number) => {
    const extent = whole ? size : size - 1;
    const center = [2 * x + extent, 2 * y + extent, 2 * z + extent]; // doubled, and distances from it times 4
    let near = 0;
    for (let u = 0; u < n; u++) {
      const k = 3 * from[u]!;
      const dx = 2 * rgb[k]! - center[0]!;
      const dy = 2 * rgb[k + 1]! - center[1]!;
      const dz = 2 * rgb[k + 2]! - center[2]!;
      distances[u] = dx * dx + dy * dy + dz * dz;
      if (distances[u]! < distances[near]!) near = u;
    }
    /** Is colour v nearer than colour u in the whole box? */
    const beats = (v: number, u: number) => {
      const [a, c] = [3 * from[v]!, 3 * from[u]!];
      const reach =
        Math.abs(rgb[a]! - rgb[c]!) + Math.abs(rgb[a + 1]! - rgb[c + 1]!) + Math.abs(rgb[a + 2]! - rgb[c + 2]!);
      const least = distances[u]! - distances[v]! - 4 * extent * reach;
      return least > 0 || (!least && v < u);
    };
    let m = 0;
    for (let u = 0; u < n; u++) if (!beats(near, u)) places[m++] = u;
    const list = lists[depth]!;
    let kept = 0;
    for (let u = 0; u < m; u++) {
      // Pair by pair only in small boxes, where it is cheap and pays. Those found beaten still beat: it is transitive.
      let v = m > 2 && size < 9 ? 0 : m;
      while (v < m && !beats(places[v]!, places[u]!)) v++;
      if (v === m) list[kept++] = from[places[u]!]!;
    }
    if (size === 4 || kept === 1) return settle(cellOf(x, y, z), size >> 2, list, kept);
    const half = size >> 1;
    for (let i = 0; i < 8; i++) {
      visit(x + (i >> 2) * half, y + ((i >> 1) & 1) * half, z + (i & 1) * half, half, list, kept, depth + 1);
    }
  };

  const all = Uint16Array.from(labels.keys());
  return (r, g, b) => visit(r & ~31, g & ~31, b & ~31, 32, all, count, 0);
}

/** Writes the same entry into a cube of cells. */
export function fillCells(cells: Uint16Array | Int32Array, first: number, side: number, entry: number): void {
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const at = first + i * 4096 + j * 64;
      cells.fill(entry, at, at + side);
    }
  }
}
