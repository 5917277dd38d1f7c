// Set-up of a fresh clone: dependencies by pnpm at its pinned version, then the builds. Safe to run again: what is done is
// recognised by a hash of the manifests and by turbo's cache.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pnpm } from './pnpm.mjs';
import { root, workspacePackages } from './workspace.mjs';

function fingerprint() {
  const hash = createHash('sha256').update(process.version);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)));
  for (const { dir } of workspacePackages()) hash.update(readFileSync(join(dir, 'package.json')));
  return hash.digest('hex');
}

/** Installs; throws with the remedy when that fails. */
export function install({ quiet = false } = {}) {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20)
    throw new Error(`GSS needs Node 20 or newer, this is ${process.version}. Install it and run the command again.`);
  const stamp = join(root, 'node_modules', '.gss-setup');
  const now = fingerprint();
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== now) {
    console.error('set-up: installing dependencies …');
    if (pnpm(['install', '--frozen-lockfile'], { quiet }) !== 0)
      throw new Error('set-up: pnpm install failed (see above). Check the network and run the command again.');
    writeFileSync(stamp, now);
  }
}

/** Installs and builds; throws with the remedy when a step fails. */
export function setup({ quiet = false } = {}) {
  install({ quiet });
  console.error('set-up: building …');
  if (pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], { quiet }) !== 0)
    throw new Error('set-up: the build failed (see above).');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    setup();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
