import type { Rgb } from '../types.js';

/** Moves whole colours by one or two steps a channel as long as their smallest distance, also to the pins, grows. */
export function polish(colors: readonly Rgb[], pins: readonly Rgb[]): Rgb[] {
  const at = Int16Array.from([...pins, ...colors].flat());
  const n = at.length / 3;
  /** Least squared distance of point i, if it were at (x, y, z), to the others; or any number not above `enough`. */
  const room = (i: number, x: number, y: number, z: number, enough: number) => {
    let least = 1e9;
    for (let j = 0; j < n && least > enough; j++) {
      if (j === i) continue;
      const d = (x - at[3 * j]!) ** 2 + (y - at[3 * j + 1]!) ** 2 + (z - at[3 * j + 2]!) ** 2;
      if (d < least) least = d;
    }
    return least;
  };
  const improve = (i: number, now: number) => {
    const [x, y, z] = [at[3 * i]!, at[3 * i + 1]!, at[3 * i + 2]!];
    let best = now;
    for (let s = 0; s < 125; s++) {
      const p = [x + (s % 5) - 2, y + (Math.floor(s / 5) % 5) - 2, z + Math.floor(s / 25) - 2];
      if (Math.min(...p) < 0 || Math.max(...p) > 255) continue;
      const d = room(i, p[0]!, p[1]!, p[2]!, best);
      if (d <= best) continue;
      best = d;
      at.set(p, 3 * i);
    }
    return best > now;
  };
  for (let turn = 0; turn < 400; turn++) {
    const rooms = Array.from({ length: n }, (_, i) => room(i, at[3 * i]!, at[3 * i + 1]!, at[3 * i + 2]!, -1));
    const least = Math.min(...rooms);
    // Every point of a nearest pair may move; if none of them can, the distance has reached its end.
    const moved = rooms.filter((d, i) => i >= pins.length && d === least && improve(i, least)).length;
    if (!moved) break;
  }
  return colors.map((_, k): Rgb => {
    const i = 3 * (k + pins.length);
    return [at[i]!, at[i + 1]!, at[i + 2]!];
  });
}
