// Before packing: the repository's trained models into the package, `weights/` → `apps/trainer/weights/`; with --remove, after it, away.
//   node scripts/weights.mjs [--remove] [HOME]      HOME: folder of the package, default this one
import { cpSync, existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const remove = argv.includes('--remove');
const home = argv.slice(2).find((word) => !word.startsWith('--')) ?? dirname(dirname(fileURLToPath(import.meta.url)));
const from = join(home, '..', '..', 'weights');
const to = join(home, 'weights');
rmSync(to, { recursive: true, force: true });
if (!remove && existsSync(from)) cpSync(from, to, { recursive: true });
