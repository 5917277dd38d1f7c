import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../cli/command.js';
import { parseConfig } from '../../config/load.js';
import type { OpenedData } from '../../data/sources.js';
import { trainTokenizer } from '../tokenizer.js';
import { type OpenedTokenizer, openAnyTokenizer } from './open.js';

const stage = { batchSize: 1, crop: [64, 64], lr: 1e-3 };

/**
 * A compact tokenizer made in seconds: its 4096 codes are the squares of the masks of `train`, as in
 * configs/tokenizer-camvid.json. Nothing is kept on disk.
 */
export async function instantTokenizer(train: OpenedData, { out, signal }: Context): Promise<OpenedTokenizer> {
  const config = parseConfig(
    {
      name: 'instant',
      seed: 0,
      tokenizer: { variant: 'small', steps: 0, ...stage },
      prior: { backbone: 'nano', steps: 1, ...stage },
    },
    'the instant tokenizer',
  );
  const dir = await mkdtemp(join(tmpdir(), 'gss-instant-'));
  try {
    const { folder } = await trainTokenizer({ config, train, dir, out, signal, resume: false });
    return { ...(await openAnyTokenizer(folder!, train.classes)), where: 'the instant tokenizer' };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
