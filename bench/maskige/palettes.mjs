// Smallest RGB distance of every palette for K = 2…256: ours beside the paper's four steps (the best of three seeds where
// they are random), random colours and the reference's palettes. Exits with 1 if ours is not the largest somewhere.
//   pnpm --filter @gss/maskige build && node bench/maskige/palettes.mjs [step]
import {
  additiveFactorPalette,
  arithmeticPalette,
  misalignedPalette,
  randomPalette,
  refinedPalette,
  smallestDistance,
} from '../../packages/maskige/dist/design/index.js';
import { maximalDistancePalette } from '../../packages/maskige/dist/index.js';
import { namedPalette } from '../../packages/maskige/dist/palettes/index.js';

const seeds = [0, 1, 2];
const best = (make) => Math.max(...seeds.map((seed) => smallestDistance(make(seed))));
const reference = { 19: 'gss-cityscapes-19', 150: 'gss-ade20k-150', 194: 'gss-mseg-194' };
const shown = new Set([2, 4, 8, 11, 16, 19, 21, 32, 59, 64, 100, 128, 150, 171, 194, 216, 256]);
const number = (v) => (Number.isFinite(v) ? v.toFixed(1) : '').padStart(9);

console.log('    K   random     (i)     (ii)    (iii)     (iv)   reference   ours');
const ours = [];
let losses = 0;
for (let K = 2; K <= 256; K += Number(process.argv[2] ?? 1)) {
  const others = [
    best((seed) => randomPalette(K, { seed })),
    smallestDistance(arithmeticPalette(K)),
    smallestDistance(misalignedPalette(K)),
    best((seed) => additiveFactorPalette(K, { seed })),
    best((seed) => refinedPalette(K, { seed })),
    reference[K] ? smallestDistance(namedPalette(reference[K]).palette) : Number.NaN,
  ];
  const mine = smallestDistance(maximalDistancePalette(K));
  ours.push(`${K}:${mine.toFixed(1)}`);
  if (others.some((other) => other >= mine)) losses++;
  if (shown.has(K)) console.log(String(K).padStart(5), ...others.map(number), number(mine));
}
console.log(`\nours, every K\n${ours.join(' ').replace(/(.{1,118})( |$)/g, '$1\n')}`);
console.log(losses ? `ours is not the largest for ${losses} K` : 'ours is the largest for every K');
process.exitCode = losses ? 1 : 0;
