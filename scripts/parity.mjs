// `npm run -s parity -- DIR [--backend B] [--strict]`: set-up if needed, then the golden fixtures of DIR.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setup } from './setup.mjs';
import { root } from './workspace.mjs';

try {
  setup({ quiet: true });
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const { status } = spawnSync(
  process.execPath,
  [join(root, 'apps', 'parity', 'dist', 'main.js'), ...process.argv.slice(2)],
  // npm runs scripts in the root: a relative DIR belongs to the folder where npm was called.
  { stdio: 'inherit', cwd: process.env.INIT_CWD ?? process.cwd() },
);
process.exit(status ?? 1);
