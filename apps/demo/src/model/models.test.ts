import { expect, test } from 'vitest';
import { modelFor, type ServedModel } from './models.js';

const served = (...ids: string[]): ServedModel[] => ids.map((id) => ({ id, url: `weights/${id}/`, bytes: 1 }));

test.each([
  ['scene', ['camvid', 'synthetic-streets'], 'synthetic-streets'],
  ['photo', ['camvid', 'synthetic-streets'], 'camvid'],
  ['photo', ['synthetic-streets'], 'synthetic-streets'],
  ['scene', ['camvid', 'quickstart'], 'quickstart'],
  ['scene', ['mine'], 'mine'],
  ['photo', [], undefined],
] as const)('for a %s with %j it takes %s', (kind, ids, expected) => {
  expect(modelFor(kind, served(...ids))?.id).toBe(expected);
});
