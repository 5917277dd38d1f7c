// Runs pnpm at the version that package.json pins. npm, which every Node brings, fetches it once into its own cache: a
// machine needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

export const pnpmVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('@')[1];

/** Runs `pnpm ARGS` in the root. Returns the exit status; `quiet` shows output only on failure. */
export function pnpm(args, { quiet = false, env = {} } = {}) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['exec', '--yes', `--package=pnpm@${pnpmVersion}`, '--', 'pnpm', ...args], {
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...env },
  });
  if (result.error) throw new Error(`could not run npm: ${result.error.message}. Install Node 20 or newer with npm.`);
  if (quiet && result.status !== 0) process.stderr.write(`${result.stdout}${result.stderr}`);
  return result.status ?? 1;
}
