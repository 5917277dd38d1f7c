import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { inflateSync } from 'node:zlib';
import { DatasetError } from '../errors.js';
import { reason } from './decode-image.js';
import { files } from './folder.js';
import { deflatedLists } from './mseg-lists.generated.js';
import type { Pair } from './pair-dataset.js';

/** Two folders and how names in them correspond. */
export interface Pairing {
  readonly images: string;
  readonly imageSuffix: string;
  readonly labels: string;
  readonly labelSuffix: string;
  readonly rename?: readonly (readonly [string, string])[] | undefined;
  /** Lines of a list: a name, a folder of names, or a pair "picture label". */
  readonly lines?: readonly string[] | undefined;
  /** Where the list came from, for errors; and what its pairs are relative to. */
  readonly list?: string | undefined;
  readonly root: string;
  /** What to say where a picture has no label. */
  readonly hint?: string | undefined;
}

/** The lines of a list file, or of a list 'mseg:NAME' of this package. */
export async function readLines(list: string): Promise<string[]> {
  if (list.startsWith('mseg:')) {
    const packed = deflatedLists[list.slice(5) as keyof typeof deflatedLists];
    return inflateSync(Buffer.from(packed, 'base64')).toString('utf8').split('\n');
  }
  try {
    return (await readFile(list, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  } catch (cause) {
    throw new DatasetError('missing-file', `${list}: the list of names cannot be read (${reason(cause)}).`, list, {
      cause,
    });
  }
}

/** Pictures and labels that belong together, in the list's order or by name. Missing partners are named. */
export async function pairFiles(pairing: Pairing): Promise<Pair[]> {
  const images = await namesIn(
    pairing.images,
    pairing.imageSuffix,
    pairing.images === pairing.labels ? pairing.labelSuffix : '',
  );
  const labels = await namesIn(pairing.labels, pairing.labelSuffix, '');
  const labelName = (name: string) =>
    (pairing.rename ?? []).reduce((result, [from, to]) => result.replace(new RegExp(from), to), name);
  const pair = (name: string): Pair => ({
    name,
    image: images.get(name) ?? '',
    label: labels.get(labelName(name)) ?? '',
  });
  const pairs = pairing.lines
    ? pairing.lines.flatMap((line) => readLine(line, images, pairing, pair))
    : [...images.keys()].map(pair);
  const unpictured = pairs.filter(({ image }) => !image);
  const unlabelled = pairs.filter(({ image, label }) => image && !label);
  if (unpictured.length)
    throw new DatasetError(
      'missing-partner',
      `${pairing.images}: ${unpictured.length} of the ${pairs.length} pictures that ${pairing.list} names are not there, first ${unpictured[0]!.name}${pairing.imageSuffix}.`,
      pairing.images,
    );
  if (unlabelled.length)
    throw new DatasetError(
      'missing-partner',
      `${pairing.labels}: ${unlabelled.length} of ${pairs.length} pictures have no label, first ${labelName(unlabelled[0]!.name)}${pairing.labelSuffix} for ${unlabelled[0]!.image}.${pairing.hint ?? ''}`,
      unlabelled[0]!.image,
    );
  return pairs;
}

function readLine(
  line: string,
  images: ReadonlyMap<string, string>,
  pairing: Pairing,
  pair: (name: string) => Pair,
): Pair[] {
  const [first, second] = line.trim().split(/\s+/) as [string, string?];
  if (second) {
    // Lists such as the SegNet tutorial's begin with an absolute folder of their authors: cut to what lies below the root.
    const at = (path: string) => join(pairing.root, path.replace(/^\/?SegNet\//, ''));
    const name = first
      .split('/')
      .at(-1)!
      .replace(/\.[^.]+$/, '');
    return [{ name, image: at(first), label: at(second) }];
  }
  const name = first.endsWith(pairing.imageSuffix) ? first.slice(0, -pairing.imageSuffix.length) : first;
  if (images.has(name)) return [pair(name)];
  const below = [...images.keys()].filter((other) => other.startsWith(`${name}/`));
  return below.length ? below.map(pair) : [pair(name)];
}

/** Name below the folder without the suffix → file. */
async function namesIn(folder: string, suffix: string, exceptSuffix: string): Promise<Map<string, string>> {
  const found = await files(folder, [suffix.toLowerCase()]);
  const kept = found.filter((file) => file.endsWith(suffix) && !(exceptSuffix && file.endsWith(exceptSuffix)));
  return new Map(kept.map((file) => [relative(folder, file).slice(0, -suffix.length).split(sep).join('/'), file]));
}
