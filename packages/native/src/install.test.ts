import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type InstallOptions, installNative } from './install.js';
import { packageName } from './packages.js';
import type { NativeProgress } from './progress.js';
import { removeNative } from './remove.js';
import { nativeStatus } from './status.js';
import {
  type FakeMachine,
  type FakeMachineOptions,
  linuxHost,
  makeMachine,
  makeTfjsNode,
  makeWheel,
  put,
  temporaryFolder,
  tensorflowMembers,
  wheelFile,
} from './test-wheel.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

function setUp(machineOptions: FakeMachineOptions = {}) {
  const folder = temporaryFolder();
  const wheels = join(folder, 'wheels');
  mkdirSync(wheels);
  const wheel = makeWheel({ folder: wheels, file: wheelFile(), members: tensorflowMembers });
  const project = join(folder, 'project');
  put(join(project, 'package-lock.json'), '{}');
  const tfjsNode = makeTfjsNode(join(project, 'node_modules', packageName));
  const machine = makeMachine({ wheels, ...machineOptions });
  const install = (options: InstallOptions = {}, on: FakeMachine = machine) =>
    installNative({
      version: '9.9.9',
      projectDir: project,
      host: linuxHost,
      ...options,
      env: { ...on.env, GSS_CACHE: machine.env.GSS_CACHE },
    });
  return { folder, wheels, wheel, project, tfjsNode, machine, install };
}

/** Everything under a folder, for "nothing is left". */
const tree = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true })
        .map(String)
        .filter((name) => statSync(join(dir, name)).isFile())
    : [];

test('takes the library out of the wheel, builds the binding and links both', async () => {
  const { project, tfjsNode, machine, install } = setUp();
  const stages: NativeProgress['stage'][] = [];
  const result = await install({ onProgress: ({ stage }) => stages.push(stage) });
  expect(result).toMatchObject({
    tensorflow: '9.9.9',
    gpu: false,
    runtime: { cached: false, wheels: [{ file: wheelFile(), verified: 'index' }] },
    packages: [{ path: tfjsNode, changed: true }],
  });
  expect([...new Set(stages)]).toEqual(['check', 'download', 'verify', 'extract', 'build', 'link', 'done']);
  expect(readFileSync(join(tfjsNode, 'deps/lib/libtensorflow.so')).equals(Buffer.alloc(300_000, 'cc'))).toBe(true);
  expect(readFileSync(join(tfjsNode, 'lib/napi-v8/tfjs_binding.node'), 'utf8')).toBe('compiled');
  const compile = machine.calls().find((call) => call.includes('-o ')) ?? '';
  expect(compile).toContain('$ORIGIN/../../deps/lib');
  expect(compile).toContain(join(tfjsNode, 'binding', 'tfjs_binding.cc'));
  expect(tree(join(machine.cache, 'tmp'))).toEqual([]);
  expect(await nativeStatus(project, { env: machine.env, host: linuxHost })).toMatchObject({
    ready: true,
    packages: [{ state: 'ready', tensorflow: '9.9.9' }],
    advice: [],
  });
});

test('a second run changes nothing and needs neither network nor compiler; so does another project', async () => {
  const { project, install, tfjsNode } = setUp();
  await install();
  const offline = makeMachine({ compiler: 'missing' });
  const before = statSync(join(tfjsNode, 'deps/gss-native.json')).mtimeMs;
  expect(await install({}, offline)).toMatchObject({
    runtime: { cached: true },
    packages: [{ changed: false, bindingCached: true }],
  });
  expect(statSync(join(tfjsNode, 'deps/gss-native.json')).mtimeMs).toBe(before);
  expect(await install({ version: '9.9' }, offline)).toMatchObject({ tensorflow: '9.9.9', runtime: { cached: true } });
  const other = temporaryFolder();
  makeTfjsNode(join(other, 'node_modules', packageName));
  expect(await install({ projectDir: other }, offline)).toMatchObject({
    packages: [{ changed: true, bindingCached: true }],
  });
  expect(offline.calls()).toEqual([]);
  expect(project).not.toBe(other);
});

test('a damaged cache is found, and fetched again', async () => {
  const { machine, install, tfjsNode } = setUp();
  const { runtime } = await install();
  const library = join(runtime.path, 'lib/libtensorflow_cc.so.2');
  writeFileSync(library, Buffer.alloc(300_000, 'xx'));
  await expect(install({}, makeMachine())).rejects.toThrow(code('NETWORK'));
  expect(await install()).toMatchObject({ runtime: { cached: false } });
  expect(readFileSync(join(tfjsNode, 'deps/lib/libtensorflow.so')).equals(Buffer.alloc(300_000, 'cc'))).toBe(true);
  expect(machine.calls().filter((call) => call.includes(' download '))).toHaveLength(2);
});

test('--from uses that very wheel, without any client', async () => {
  const { wheel, folder, install } = setUp();
  const offline = makeMachine();
  const options = { from: wheel, version: undefined } as unknown as InstallOptions;
  expect(await install(options, offline)).toMatchObject({
    tensorflow: '9.9.9',
    runtime: { cached: false, wheels: [{ verified: 'file' }] },
  });
  expect(await install(options, offline)).toMatchObject({ runtime: { cached: true } });
  const changed = makeWheel({
    folder: join(folder, 'other'),
    file: wheelFile(),
    members: { ...tensorflowMembers, 'tensorflow/libtensorflow_framework.so.2': 'patched' },
  });
  const { runtime } = await install({ from: changed }, offline);
  expect(readFileSync(join(runtime.path, 'lib/libtensorflow_framework.so.2'), 'utf8')).toBe('patched');
  expect(existsSync(wheel)).toBe(true);
  expect(offline.calls().some((call) => call.startsWith('python3'))).toBe(false);
  await expect(install({ from: wheel, version: '1.2.3' })).rejects.toThrow(code('BAD_OPTION'));
  await expect(
    install({ from: makeWheel({ folder, file: wheelFile('9.9.9', 'numpy'), members: {} }) }),
  ).rejects.toThrow(code('BAD_WHEEL'));
  await expect(
    install({
      from: makeWheel({ folder, file: wheelFile().replace('manylinux_2_27_x86_64', 'macosx_12_0_arm64'), members: {} }),
    }),
  ).rejects.toThrow(code('UNSUPPORTED_PLATFORM'));
});

test('a tampered member, and a pinned wheel with other bytes, leave nothing behind', async () => {
  const { folder, tfjsNode, machine, install } = setUp();
  const tampered = makeWheel({
    folder,
    file: wheelFile(),
    members: tensorflowMembers,
    tamper: { 'tensorflow/libtensorflow_framework.so.2': 'evil' },
  });
  await expect(install({ from: tampered })).rejects.toThrow(
    /libtensorflow_framework.so.2: expected 9 bytes with sha256/,
  );
  const pinned = makeWheel({ folder, file: wheelFile('2.21.0'), members: tensorflowMembers });
  await expect(install({ from: pinned, version: '2.21.0' })).rejects.toThrow(/expected sha256 dcc8afd3/);
  expect(tree(machine.cache)).toEqual([]);
  expect(existsSync(join(tfjsNode, 'deps'))).toBe(false);
});

test.each(['download', 'verify', 'extract', 'build'] as const)(
  'stopped while it is at "%s", it leaves nothing half-written and works the next time',
  async (stage) => {
    const { tfjsNode, machine, install } = setUp();
    const stop = new AbortController();
    await expect(
      install({ signal: stop.signal, onProgress: (progress) => progress.stage === stage && stop.abort() }),
    ).rejects.toThrow(code('ABORTED'));
    expect(tree(join(machine.cache, 'tmp'))).toEqual([]);
    expect(tree(join(machine.cache, 'bindings'))).toEqual([]);
    expect(existsSync(join(tfjsNode, 'deps'))).toBe(false);
    expect(await install()).toMatchObject({ packages: [{ changed: true }] });
  },
);

test('each reason for failure has its code', async () => {
  const { install, folder } = setUp();
  await expect(install({}, makeMachine({ compiler: 'missing' }))).rejects.toThrow(code('NO_COMPILER'));
  await expect(install({}, makeMachine())).rejects.toThrow(code('NETWORK'));
  const wheels = temporaryFolder();
  makeWheel({ folder: wheels, file: wheelFile(), members: tensorflowMembers });
  await expect(install({}, makeMachine({ wheels, compiler: 'fails' }))).rejects.toThrow(/BUILD_FAILED|no such thing/);
  const bare = makeMachine();
  await expect(
    install(
      { version: '8.8.8' },
      { ...bare, env: { ...bare.env, PATH: join(folder, 'nothing'), CXX: join(bare.bin, 'c++') } },
    ),
  ).rejects.toThrow(code('NO_PYPI_CLIENT'));
  await expect(install({ projectDir: temporaryFolder() })).rejects.toThrow(code('PACKAGE_NOT_FOUND'));
  await expect(install({ host: { platform: 'win32', arch: 'x64' } })).rejects.toThrow(code('UNSUPPORTED_PLATFORM'));
  await expect(install({ gpu: true, host: { ...linuxHost, arch: 'arm64' } })).rejects.toThrow(
    code('UNSUPPORTED_PLATFORM'),
  );
  await expect(install({ version: 'latest; rm' })).rejects.toThrow(code('BAD_OPTION'));
});

test('--gpu brings the CUDA libraries that the wheel names', async () => {
  const { wheels, tfjsNode, machine, install } = setUp();
  makeWheel({
    folder: wheels,
    file: wheelFile('9.9.9', 'tensorflow'),
    members: tensorflowMembers,
    metadata:
      'Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3; extra == "and-cuda"\nRequires-Dist: nvidia-cusolver-cu12; extra == "and-cuda"\n',
  });
  makeWheel({
    folder: wheels,
    file: 'nvidia_cudnn_cu12-9.4-py3-none-manylinux_2_27_x86_64.whl',
    members: { 'nvidia/cudnn/lib/libcudnn.so.9': 'cudnn', 'nvidia/cudnn/include/cudnn.h': '' },
  });
  makeWheel({
    folder: wheels,
    file: 'nvidia_cusolver_cu12-11-py3-none-manylinux_2_27_x86_64.whl',
    members: { 'nvidia/cusolver/lib/libcusolver.so.11': 'cusolver' },
  });
  const result = await install({ gpu: true });
  expect(result).toMatchObject({ gpu: true });
  expect(result.runtime.wheels).toHaveLength(3);
  expect(
    machine
      .calls()
      .filter((call) => call.includes(' download '))
      .at(-1),
  ).toContain('nvidia-cudnn-cu12<10.0,>=9.3 nvidia-cusolver-cu12');
  // The loader resolves $ORIGIN/../nvidia/… from deps/lib, and finds cuSOLVER only in cuda_runtime.
  expect(readFileSync(join(tfjsNode, 'deps/nvidia/cudnn/lib/libcudnn.so.9'), 'utf8')).toBe('cudnn');
  expect(readFileSync(join(tfjsNode, 'deps/nvidia/cuda_runtime/lib/libcusolver.so.11'), 'utf8')).toBe('cusolver');
  expect(existsSync(join(tfjsNode, 'deps/nvidia/cudnn/include'))).toBe(false);
});

test('remove takes out the links and, when asked, the cache', async () => {
  const { project, tfjsNode, machine, install } = setUp();
  await install();
  const { packages, cache, freed } = await removeNative(project, { env: machine.env });
  expect(packages).toEqual([{ path: tfjsNode, version: '4.22.0', changed: true }]);
  expect([cache.bytes > 300_000, freed]).toEqual([true, 0]);
  expect(existsSync(join(tfjsNode, 'deps'))).toBe(false);
  expect(await nativeStatus(project, { env: machine.env, host: linuxHost })).toMatchObject({
    ready: false,
    packages: [{ state: 'absent' }],
    cache: { runtimes: [{ tensorflow: '9.9.9' }] },
    tools: { compiler: expect.stringContaining('fake') },
  });
  expect((await removeNative(project, { env: machine.env, cache: true })).freed).toBe(cache.bytes);
  expect(existsSync(machine.cache)).toBe(false);
});
