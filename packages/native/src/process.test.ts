// What needs a process of its own: being killed, and Node's module resolution without the test runner's NODE_PATH.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageName } from './packages.js';
import { run } from './run.js';
import {
  makeMachine,
  makeTfjsNode,
  makeWheel,
  put,
  temporaryFolder,
  tensorflowMembers,
  wheelFile,
} from './test-wheel.js';

const packageDir = dirname(dirname(fileURLToPath(import.meta.url)));
let folder = '';

// Inside the package, so that its dependencies resolve from the bundle.
beforeAll(async () => {
  folder = mkdtempSync(join(packageDir, 'node_modules', '.test-'));
  await build({
    entryPoints: [join(packageDir, 'src', 'index.ts')],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = (name: string, source: string) =>
  put(join(folder, name), `import * as native from './index.mjs';\n${source}`);

test('a project without the package is told how to add it', async () => {
  const file = script(
    'missing.mjs',
    'await native.loadNative({ from: process.argv[2] }).catch((error) => console.log(error.code, error.message));',
  );
  const { NODE_PATH: _, ...env } = process.env;
  const { stdout } = await run(process.execPath, [file, temporaryFolder()], { env });
  expect(stdout).toMatch(
    /^PACKAGE_NOT_FOUND native: @tensorflow\/tfjs-node-gpu cannot be resolved .* npm install --ignore-scripts/,
  );
});

test.each(['extract', 'build', 'link'])(
  'killed while it is at "%s", an installation leaves no half-written cache, and the next one succeeds',
  async (stage) => {
    const wheels = temporaryFolder();
    makeWheel({ folder: wheels, file: wheelFile(), members: tensorflowMembers });
    const machine = makeMachine({ wheels });
    const project = temporaryFolder();
    mkdirSync(join(project, '.git'));
    makeTfjsNode(join(project, 'node_modules', packageName));
    const file = script(
      `${stage}.mjs`,
      `const [project, stage, env] = process.argv.slice(2);
const result = await native.installNative({ version: '9.9.9', projectDir: project, env: JSON.parse(env), host: { platform: 'linux', arch: 'x64', glibc: '2.36' },
  onProgress: (progress) => { if (progress.stage === stage) process.kill(process.pid, 'SIGKILL'); } });
console.log(JSON.stringify(result));`,
    );
    const install = (at: string) => run(process.execPath, [file, project, at, JSON.stringify(machine.env)]);
    expect(await install(stage)).toMatchObject({ code: null, killedBy: 'SIGKILL' });
    const published = (kind: string) =>
      existsSync(join(machine.cache, kind)) ? readdirSync(join(machine.cache, kind)).length : 0;
    expect([published('runtimes'), published('bindings')]).toEqual(
      { extract: [0, 0], build: [1, 0], link: [1, 1] }[stage],
    );
    const { stdout } = await install('never');
    expect(JSON.parse(stdout)).toMatchObject({
      runtime: { cached: stage !== 'extract' },
      packages: [{ changed: true, bindingCached: stage === 'link' }],
    });
  },
);

test('two installations at the same moment both succeed', async () => {
  const wheels = temporaryFolder();
  makeWheel({ folder: wheels, file: wheelFile(), members: tensorflowMembers });
  const machine = makeMachine({ wheels });
  const project = temporaryFolder();
  mkdirSync(join(project, '.git'));
  makeTfjsNode(join(project, 'node_modules', packageName));
  const file = script(
    'both.mjs',
    "await native.installNative({ version: '9.9.9', projectDir: process.argv[2], env: JSON.parse(process.argv[3]), host: { platform: 'linux', arch: 'x64', glibc: '2.36' } });",
  );
  const codes = await Promise.all(
    [0, 1].map(
      () =>
        new Promise((resolve) =>
          spawn(process.execPath, [file, project, JSON.stringify(machine.env)], { stdio: 'inherit' }).on(
            'close',
            resolve,
          ),
        ),
    ),
  );
  expect(codes).toEqual([0, 0]);
});
