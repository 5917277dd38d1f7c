import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { DatasetError } from '../errors.js';
import type { ReadOptions } from '../source.js';
import type { LabelMap } from '../types.js';
import { reason } from './decode-image.js';
import { decodePng } from './decode-label.js';

interface Panoptic {
  readonly annotations: readonly {
    readonly file_name: string;
    readonly segments_info: readonly { readonly id: number; readonly category_id: number }[];
  }[];
}

/**
 * A reader of COCO's panoptic PNGs: segment id = R + 256 G + 65536 B, and the JSON says each segment's category, which becomes
 * the raw id; 0 stays 0.
 */
export async function openPanoptic(
  json: string,
): Promise<(bytes: Uint8Array, file: string, options: ReadOptions) => LabelMap> {
  const categories = new Map<string, Map<number, number>>();
  try {
    const { annotations } = JSON.parse(await readFile(json, 'utf8')) as Panoptic;
    for (const { file_name, segments_info } of annotations)
      categories.set(file_name, new Map(segments_info.map(({ id, category_id }) => [id, category_id])));
  } catch (cause) {
    throw new DatasetError('missing-file', `${json}: cannot be read as COCO panoptic JSON (${reason(cause)}).`, json, {
      cause,
    });
  }
  return (bytes, file, options) => {
    const { data, channels, width, height } = decodePng(bytes, file, options.maxPixels);
    const segments = categories.get(basename(file));
    if (!segments) throw new DatasetError('missing-partner', `${file}: ${json} has no annotation for it.`, file);
    if (channels !== 3)
      throw new DatasetError(
        'wrong-channels',
        `${file}: expected an RGB PNG of segment ids, got ${channels} channels.`,
        file,
      );
    const out = new Uint16Array(width * height);
    let lastSegment = 0;
    let lastCategory = 0;
    for (let i = 0; i < out.length; i++) {
      const segment = data[3 * i]! + 256 * data[3 * i + 1]! + 65536 * data[3 * i + 2]!;
      if (segment !== lastSegment) {
        const category = segment === 0 ? 0 : segments.get(segment);
        if (category === undefined)
          throw new DatasetError(
            'unknown-id',
            `${file}: segment ${segment} at x ${i % width}, y ${Math.floor(i / width)} is not in ${json}.`,
            file,
          );
        lastSegment = segment;
        lastCategory = category;
      }
      out[i] = lastCategory;
    }
    return { data: out, width, height };
  };
}
