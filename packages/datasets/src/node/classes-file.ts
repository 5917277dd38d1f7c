import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import { type LabelTable, maxClasses, tableFromIds } from '../label-table.js';
import { type ClassInfo, ignoreIndex, type Rgb } from '../types.js';
import { reason } from './decode-image.js';

const form = '{ "classes": [{ "id": 0, "name": "road", "color": [128, 64, 128] }, …], "ignore_index": 255 }';

/**
 * `root/classes.json`: `classes: [{id, name, color}]` and `ignore_index` (a raw id, or null where nothing is ignored). Ids
 * need not be contiguous: class c is the c-th smallest id.
 * @throws DatasetError `missing-file` or `bad-classes`, which names the entry.
 */
export async function readClassesFile(root: string): Promise<{ classes: ClassInfo[]; table: LabelTable }> {
  const file = join(root, 'classes.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const message = `${file}: missing or unreadable (${reason(cause)}). Write one of the form ${form}.`;
    throw new DatasetError('missing-file', message, file, { cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DatasetError('bad-classes', `${file}: not JSON (${reason(cause)}).`, file, { cause });
  }
  return parseClasses(json, file);
}

/** The same from parsed JSON; `file` names it in errors. */
export function parseClasses(json: unknown, file: string): { classes: ClassInfo[]; table: LabelTable } {
  const fail = (what: string): never => {
    throw new DatasetError('bad-classes', `${file}: ${what}. Expected ${form}.`, file);
  };
  const top = isRecord(json) ? json : fail(`expected an object, got ${JSON.stringify(json)?.slice(0, 40)}`);
  const list = Array.isArray(top.classes) ? (top.classes as unknown[]) : fail('"classes" is not a list');
  if (list.length === 0 || list.length > maxClasses) fail(`expected 1..${maxClasses} classes, got ${list.length}`);
  const entries = list.map((entry, i) => {
    if (!isRecord(entry)) return fail(`classes[${i}] is not an object`);
    const { id, name, color } = entry;
    if (!isByte(id, 65535)) return fail(`classes[${i}].id is ${JSON.stringify(id)}, not an integer of 0..65535`);
    if (typeof name !== 'string' || !name) return fail(`classes[${i}].name is ${JSON.stringify(name)}, not a name`);
    if (!isRgb(color)) return fail(`classes[${i}].color is ${JSON.stringify(color)}, not three integers of 0..255`);
    return { id, name, color };
  });
  entries.sort((a, b) => a.id - b.id);
  for (const key of ['id', 'name'] as const) {
    const seen = new Set<unknown>();
    for (const entry of entries) {
      if (seen.has(entry[key])) fail(`two classes have the ${key} ${JSON.stringify(entry[key])}`);
      seen.add(entry[key]);
    }
  }
  const ignore = top.ignore_index === undefined ? ignoreIndex : top.ignore_index;
  if (ignore !== null && ignore !== -1 && !isByte(ignore, 65535))
    return fail(`"ignore_index" is ${JSON.stringify(ignore)}, not an integer of 0..65535 or null`);
  const ignored = typeof ignore === 'number' && ignore >= 0 ? [ignore] : [];
  if (entries.some(({ id }) => id === ignored[0])) fail(`"ignore_index" ${ignored[0]} is also the id of a class`);
  return {
    classes: entries.map(({ name, color }) => ({ name, color })),
    table: tableFromIds(
      entries.map(({ id }) => id),
      ignored,
    ),
  };
}

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isByte = (x: unknown, max = 255): x is number =>
  typeof x === 'number' && Number.isInteger(x) && x >= 0 && x <= max;
const isRgb = (x: unknown): x is Rgb => Array.isArray(x) && x.length === 3 && x.every((v) => isByte(v));
