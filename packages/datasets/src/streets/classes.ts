import type { ClassInfo } from '../types.js';

/** Class ids of synthetic-streets by name. `unlabelled` is no class. */
export const street = {
  road: 0,
  marking: 1,
  pavement: 2,
  grass: 3,
  building: 4,
  window: 5,
  fence: 6,
  tree: 7,
  sky: 8,
  car: 9,
  person: 10,
  pole: 11,
  sign: 12,
  unlabelled: 255,
} as const;

/** The 13 classes of synthetic-streets in id order, with colours far enough apart for a maskige. */
export const syntheticStreetsClasses: readonly ClassInfo[] = [
  { name: 'road', color: [128, 64, 128] },
  { name: 'lane marking', color: [240, 240, 240] },
  { name: 'pavement', color: [244, 35, 232] },
  { name: 'grass', color: [152, 251, 152] },
  { name: 'building', color: [70, 70, 70] },
  { name: 'window', color: [0, 220, 220] },
  { name: 'fence', color: [190, 130, 110] },
  { name: 'tree', color: [60, 140, 35] },
  { name: 'sky', color: [70, 130, 220] },
  { name: 'car', color: [0, 0, 142] },
  { name: 'person', color: [220, 20, 60] },
  { name: 'pole', color: [255, 150, 20] },
  { name: 'sign', color: [220, 220, 0] },
];
