import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** The file that makes a folder a run. */
export const logFile = 'log.jsonl';

/** How deep runs are looked for. */
const depth = 4;

/** Folders at or below `root` that hold a log, the one written to last first; names are relative, '.' is `root` itself. */
export function findRuns(root: string): string[] {
  const found: { name: string; changed: number }[] = [];
  const visit = (folder: string, left: number) => {
    const log = join(folder, logFile);
    if (existsSync(log)) {
      const name = relative(root, folder).split(sep).join('/') || '.';
      found.push({ name, changed: statSync(log).mtimeMs });
    }
    if (left === 0) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
        visit(join(folder, entry.name), left - 1);
    }
  };
  visit(root, depth);
  return found.sort((a, b) => b.changed - a.changed).map(({ name }) => name);
}
