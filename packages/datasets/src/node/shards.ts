import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import { applyLabelTable, compileLabelTable, identityTable } from '../label-table.js';
import type { ShardsSource } from '../source.js';
import type { ClassInfo, Sample, SegmentationDataset } from '../types.js';
import { decodeImage, reason } from './decode-image.js';
import { decodeLabel } from './decode-label.js';

/** `index.json` beside the shards. Offsets are of the files' bytes within the tar. */
export interface ShardIndex {
  readonly format: 'gss-shards-1';
  readonly classes: readonly ClassInfo[];
  readonly shards: readonly {
    readonly file: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly samples: number;
  }[];
  readonly samples: readonly ShardSample[];
}

export interface ShardSample {
  readonly name: string;
  readonly shard: number;
  readonly image: readonly [offset: number, bytes: number];
  readonly label: readonly [offset: number, bytes: number];
}

/** Reads and checks `root/index.json`. */
export async function readShardIndex(root: string): Promise<ShardIndex> {
  const file = join(root, 'index.json');
  try {
    const index = JSON.parse(await readFile(file, 'utf8')) as ShardIndex;
    if (index.format !== 'gss-shards-1') throw new Error(`format is ${JSON.stringify(index.format)}`);
    return index;
  } catch (cause) {
    throw new DatasetError(
      'missing-file',
      `${file}: no index of shards (${reason(cause)}). Make one with prepareDataset.`,
      file,
      { cause },
    );
  }
}

/** Opens shards that `prepareDataset` wrote. Each read takes the two files of a sample straight out of the tar. */
export async function openShards({ root, limit, ...options }: ShardsSource): Promise<SegmentationDataset> {
  const { classes, shards, samples } = await readShardIndex(root);
  const lookup = compileLabelTable(identityTable(classes.length));
  const length = Math.min(samples.length, limit ?? Infinity);
  const at = (index: number): ShardSample => {
    const sample = Number.isInteger(index) && index >= 0 && index < length ? samples[index] : undefined;
    if (!sample) throw new RangeError(`dataset: index ${index} is not an integer of 0..${length - 1}.`);
    return sample;
  };
  const read = async (index: number): Promise<Sample> => {
    const { name, shard, image, label } = at(index);
    const path = join(root, shards[shard]!.file);
    const [picture, truth] = await readParts(path, [image, label]);
    const [decoded, raw] = [
      await decodeImage(picture!, `${path}:${name}`, options.maxPixels),
      decodeLabel(truth!, `${path}:${name}`, options),
    ];
    return { image: decoded, labels: applyLabelTable(raw, lookup, `${path}:${name}`), name };
  };
  return { length, classes, name: (index) => at(index).name, read };
}

async function readParts(path: string, parts: readonly (readonly [number, number])[]): Promise<Uint8Array[]> {
  const file = await open(path, 'r').catch((cause) => {
    throw new DatasetError('missing-file', `${path}: cannot be read (${reason(cause)}).`, path, { cause });
  });
  try {
    return await Promise.all(
      parts.map(async ([offset, bytes]) => {
        const buffer = new Uint8Array(bytes);
        const { bytesRead } = await file.read(buffer, 0, bytes, offset);
        if (bytesRead < bytes)
          throw new DatasetError(
            'missing-file',
            `${path}: ends before byte ${offset + bytes}, which its index names. Prepare the shards again.`,
            path,
          );
        return buffer;
      }),
    );
  } finally {
    await file.close();
  }
}
