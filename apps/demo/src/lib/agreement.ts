/** Share of the labelled pixels of `wanted` (255 is unlabelled) that `found` has too, 0..1. */
export function agreement(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let right = 0;
  let known = 0;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === 255) continue;
    known++;
    if (found[i] === wanted[i]) right++;
  }
  return right / Math.max(1, known);
}
