// `npm start`: set-up, then the main job. Arguments after `--` go to `gss quickstart`.
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
const gss = join(root, 'apps', 'trainer', 'bin', 'gss.mjs');
const { status, signal } = spawnSync(process.execPath, [gss, 'quickstart', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(signal ? 130 : (status ?? 1));
