import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of experiment configs that ships with the command line: `configs/` beside or above this file. */
export function configsFolder(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(dir, 'configs');
    if (existsSync(join(candidate, 'quickstart.json'))) return candidate;
    const parent = dirname(dir);
    if (parent === dir)
      throw new Error('configs/quickstart.json was not found beside the gss command. Install it again.');
    dir = parent;
  }
}
