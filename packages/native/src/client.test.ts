import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientError, download, findClient } from './client.js';
import { makeMachine, makeWheel, temporaryFolder, wheelFile } from './test-wheel.js';

const said = (stderr: string) =>
  clientError({ code: 1, stdout: '', stderr, missing: false }, ['tensorflow-cpu==2.21.0']).code;

test('what pip prints is told apart', () => {
  expect(
    said(
      "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(... [Errno 111] Connection refused')'\nERROR: Could not find a version that satisfies the requirement tensorflow-cpu==2.21.0 (from versions: none)",
    ),
  ).toBe('NETWORK');
  expect(said('ERROR: HTTP error 403 while getting https://…/tensorflow_cpu.whl')).toBe('NETWORK');
  expect(
    said(
      'ERROR: Could not find a version that satisfies the requirement tensorflow-cpu==1.99 (from versions: 2.12.0, 2.13.0)\nERROR: No matching distribution found',
    ),
  ).toBe('NO_SUCH_VERSION');
  expect(said('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.')).toBe('HASH_MISMATCH');
  expect(
    said("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device: '/tmp/x'"),
  ).toBe('DISK_FULL');
  expect(said("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'")).toBe(
    'NO_PERMISSION',
  );
  expect(said('Traceback: something else')).toBe('CLIENT_FAILED');
});

test('without any client the error lists what was tried', async () => {
  const empty = join(temporaryFolder(), 'bin');
  mkdirSync(empty);
  await expect(findClient({ env: { PATH: empty } })).rejects.toThrow(
    /python3 -m pip: not found[\s\S]*uv tool run pip: not found/,
  );
});

test('a client that is too old is passed over', async () => {
  const { env, bin } = makeMachine();
  renameSync(join(bin, 'python3'), join(bin, 'pip3'));
  writeFileSync(join(bin, 'python3'), `#!${process.execPath}\nconsole.log('pip 18.1 from /usr/lib');`, { mode: 0o755 });
  expect(await findClient({ env })).toMatchObject({ command: 'pip3', version: '23.2.1' });
  rmSync(join(bin, 'pip3'));
  await expect(findClient({ env })).rejects.toThrow(/pip 18\.1 is older than 20\.3/);
});

test('a download asks for the wheel alone, for the given machine', async () => {
  const wheels = temporaryFolder();
  makeWheel({ folder: wheels, file: wheelFile(), members: { a: 'a' } });
  const { env, calls } = makeMachine({ wheels });
  const dest = join(temporaryFolder(), 'dest');
  const paths = await download(await findClient({ env }), {
    requirements: ['tensorflow-cpu==9.9.9'],
    tags: ['manylinux_2_27_x86_64', 'manylinux2014_x86_64'],
    python: '3.12',
    dest,
    temporary: join(dest, 'tmp'),
    env,
  });
  expect(paths).toEqual([join(dest, wheelFile())]);
  const call = calls().at(-1) ?? '';
  expect(call).toContain(
    '-m pip download --no-deps --only-binary=:all: --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 --python-version 3.12',
  );
  expect(call).not.toMatch(/https?:|index-url/);
});
