import { DatasetError } from '../errors.js';
import { fillPolygon, type Point } from '../polygons.js';
import type { ReadOptions } from '../source.js';
import type { LabelMap } from '../types.js';
import { defaultMaxPixels, reason } from './decode-image.js';

interface Annotation {
  readonly imgWidth: number;
  readonly imgHeight: number;
  readonly objects: readonly {
    readonly label: string;
    readonly polygon: readonly Point[];
    readonly deleted?: number | boolean;
  }[];
}

const isPoint = (p: unknown): p is Point => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite);

function parse(bytes: Uint8Array, file: string): Annotation {
  const fail = (what: string, cause?: unknown): never => {
    throw new DatasetError(
      'unreadable-label',
      `${file}: ${what}. Expected { "imgWidth", "imgHeight", "objects": [{ "label", "polygon": [[x, y], …] }] }. Fetch the file again.`,
      file,
      { cause },
    );
  };
  let json: Annotation;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes)) as Annotation;
  } catch (cause) {
    return fail(`not JSON (${reason(cause)})`, cause);
  }
  const { imgWidth, imgHeight, objects } = json ?? {};
  if (![imgWidth, imgHeight].every((edge) => Number.isInteger(edge) && edge! >= 1)) fail('no size of the picture');
  if (!Array.isArray(objects)) fail('no list of objects');
  for (const [i, object] of objects!.entries())
    if (typeof object?.label !== 'string' || !Array.isArray(object.polygon) || !object.polygon.every(isPoint))
      fail(`objects[${i}] has no label and polygon`);
  return json;
}

/**
 * A reader of polygon annotations (IDD, Cityscapes): the raw id of a label is its place in `names`. Objects are painted in the
 * file's order, deleted ones not at all; 'cargroup' counts as 'car', as in the data sets' own scripts.
 */
export function polygonReader(
  names: readonly string[],
  background: number,
): (bytes: Uint8Array, file: string, options: ReadOptions) => LabelMap {
  const ids = new Map(names.map((name, id) => [name, id]));
  const find = (label: string) =>
    ids.get(label) ?? (label.endsWith('group') ? ids.get(label.slice(0, -'group'.length)) : undefined);
  return (bytes, file, { maxPixels = defaultMaxPixels }) => {
    const { imgWidth: width, imgHeight: height, objects } = parse(bytes, file);
    if (width * height > maxPixels)
      throw new DatasetError(
        'too-large',
        `${file}: ${width}×${height} pixels exceed the limit of ${maxPixels}. Raise maxPixels if the file is trusted.`,
        file,
      );
    const map = { data: new Uint8Array(width * height).fill(background), width, height };
    for (const { label, polygon, deleted } of objects) {
      if (deleted || polygon.length === 0) continue;
      const id = find(label);
      if (id === undefined)
        throw new DatasetError('unknown-id', `${file}: label "${label}" is none of the ${names.length} known.`, file);
      fillPolygon(map, polygon, id);
    }
    return map;
  };
}
