import { syntheticStreetsClasses } from '@gss/datasets';
import { checkPalette } from '@gss/maskige';
import { expect, test } from 'vitest';
import { heatColours, leastVisibleDistance, safePalette } from './colours.js';

test.each([2, 8, 13, 32])('%i colours differ for every colour vision', (K) => {
  const palette = safePalette(K);
  expect(palette).toHaveLength(K);
  expect(checkPalette(palette).ok).toBe(true);
  // Black to white is 255. Okabe and Ito's own two nearest are 19.4 apart.
  expect(leastVisibleDistance(palette)).toBeGreaterThan(K <= 13 ? 18 : 10);
});

test('they are farther apart than the drawing colours of synthetic-streets', () => {
  const drawing = syntheticStreetsClasses.map(({ color }) => color);
  expect(leastVisibleDistance(safePalette(13))).toBeGreaterThan(1.5 * leastVisibleDistance(drawing));
});

test('the heat map grows lighter', () => {
  const light = Array.from({ length: 256 }, (_, i) => heatColours[3 * i]! * 0.3 + heatColours[3 * i + 1]! * 0.6);
  expect(light.every((value, i) => i === 0 || value >= light[i - 1]! - 1)).toBe(true);
});
