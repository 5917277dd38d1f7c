// `npm test`: set-up, style, types, arrows of the house, unit and end-to-end tests, publication checks of every package.
// The last line is `N passed, N failed`, counting each test and each check once.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setup } from './setup.mjs';
import { root, workspacePackages } from './workspace.mjs';

let passed = 0;
let failed = 0;
let skipped = 0;
const bin = (name) => join(root, 'node_modules', '.bin', name);
const run = (command, args, options = {}) =>
  spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28, ...options });

function check(name, command, args, options) {
  const began = Date.now();
  const result = run(command, args, options);
  const good = result.status === 0;
  if (good) passed += 1;
  else failed += 1;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  if (!good) console.log(`${result.stdout ?? ''}${result.stderr ?? ''}`);
}

try {
  setup({ quiet: true });
  passed += 1;
  console.log('ok   set-up and build');
} catch (error) {
  console.log(`FAIL set-up and build\n${error.message}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

check('style (biome)', bin('biome'), ['check', '.']);
check('types (tsc)', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']);
check('import directions', process.execPath, ['scripts/check-imports.mjs']);

const folder = mkdtempSync(join(tmpdir(), 'gss-test-'));
const report = join(folder, 'report.json');
run(bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
  stdio: 'inherit',
});
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  passed += numPassedTests;
  failed += numFailedTests + brokenFiles;
  skipped += numPendingTests;
  if (numPassedTests === 0 || (numFailedTestSuites > 0 && numFailedTests + brokenFiles === 0)) failed += 1;
} catch (error) {
  console.log(`FAIL vitest left no report: ${error.message}`);
  failed += 1;
}
rmSync(folder, { recursive: true, force: true });

for (const { dir, manifest } of workspacePackages()) {
  if (manifest.scripts?.check)
    check(`publication of ${manifest.name}`, process.execPath, [join(root, 'scripts', 'check-package.mjs')], {
      cwd: dir,
    });
}

console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed ? 1 : 0);
