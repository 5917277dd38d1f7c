import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { GssConfig } from './schema.js';

/** Writes the resolved config beside the checkpoints of a run: defaults filled, overrides applied. */
export async function saveResolved(dir: string, config: GssConfig): Promise<void> {
  mkdirSync(dir, { recursive: true });
  await writeFileAtomic(join(dir, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}
