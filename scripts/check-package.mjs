// Publication checks of the package in the current folder: publint, attw and size-limit, each on the packed tarball or dist.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'gss-pack-'));
function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}`);
    rmSync(folder, { recursive: true, force: true });
    process.exit(status ?? 1);
  }
}
run('npm', ['pack', '--silent', '--pack-destination', folder]);
const tarball = join(folder, readdirSync(folder)[0]);
run(bin('publint'), ['--strict', '--pack', 'false', '.']);
run(bin('attw'), ['--profile', 'esm-only', tarball]);
run(bin('size-limit'), []);
rmSync(folder, { recursive: true, force: true });
