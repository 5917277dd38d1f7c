import { join } from 'node:path';
import { expect, test } from 'vitest';
import { main, progressPrinter } from './cli.js';
import { packageName } from './packages.js';
import { makeTfjsNode, temporaryFolder } from './test-wheel.js';

async function call(...argv: string[]) {
  let out = '';
  let err = '';
  const exitCode = await main(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    interactive: false,
  });
  return { exitCode, out, err };
}

test.each([
  [],
  ['update'],
  ['install', 'twice'],
  ['status', '--gpu'],
  ['install', '--speed'],
  ['install', '--version'],
])('a wrong call (%s %s) prints the usage and exits with 2', async (...argv) => {
  const { exitCode, out, err } = await call(...argv.filter((arg) => arg !== undefined));
  expect([exitCode, out]).toEqual([2, '']);
  expect(err).toContain('gss-native install [--gpu]');
});

test('--help is no error', async () => {
  expect(await call('--help')).toMatchObject({
    exitCode: 0,
    err: '',
    out: expect.stringContaining('gss-native remove'),
  });
});

test('status and remove speak of every copy; --json prints one object', async () => {
  const project = temporaryFolder();
  const path = makeTfjsNode(join(project, 'node_modules', packageName));
  const status = await call('status', '--project', project);
  expect(status).toMatchObject({ exitCode: 1, out: expect.stringContaining(`${path} (4.22.0): absent`) });
  const json = await call('status', '--json', '--project', project);
  expect(JSON.parse(json.out)).toMatchObject({ ready: false, packages: [{ path, state: 'absent' }] });
  expect(await call('remove', '--project', project)).toMatchObject({
    exitCode: 0,
    out: expect.stringContaining('nothing to remove'),
  });
});

test('a failure is one message on stderr, and its code in the JSON', async () => {
  const project = temporaryFolder();
  const { exitCode, out, err } = await call('install', '--json', '--project', project);
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    error: { code: expect.stringMatching(/PACKAGE_NOT_FOUND|UNSUPPORTED_PLATFORM/) },
  });
  expect(err).toContain('native: expected');
});

test('progress prints each message once when piped, and redraws a line on a terminal', () => {
  const steps = [0, 1e6, 2e6].map(
    (bytes) => ({ stage: 'download', message: 'downloading', bytes, total: 4e6 }) as const,
  );
  let piped = '';
  steps.forEach(
    progressPrinter({
      out: () => {},
      err: (text) => {
        piped += text;
      },
      interactive: false,
    }),
  );
  expect(piped).toBe('downloading\n');
  let terminal = '';
  steps.forEach(
    progressPrinter({
      out: () => {},
      err: (text) => {
        terminal += text;
      },
      interactive: true,
    }),
  );
  expect(terminal).toContain('\r\x1b[Kdownloading 2 MB 50 %');
});
