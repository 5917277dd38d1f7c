// `npm run demo`: dependencies, then the demo on localhost with the headers that the wasm backend's threads need. Vite takes the packages'
// sources: nothing is built before.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { install } from './setup.mjs';
import { root } from './workspace.mjs';

try {
  install({ quiet: true });
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const vite = join(root, 'apps', 'demo', 'node_modules', '.bin', 'vite');
const { status } = spawnSync(vite, process.argv.slice(2), { cwd: join(root, 'apps', 'demo'), stdio: 'inherit' });
process.exit(status ?? 1);
