import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BuiltBinding } from './binding.js';
import { sha256OfFile } from './files.js';
import { linkPackage, packageState, unlinkPackage } from './link.js';
import type { CachedRuntime } from './runtime.js';
import { makeTfjsNode, put, temporaryFolder } from './test-wheel.js';

const binding = join('lib', 'napi-v8', 'tfjs_binding.node');

async function setUp({ gpu = false } = {}) {
  const folder = temporaryFolder();
  const path = join(folder, 'runtime');
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) put(join(path, 'lib', name), name);
  put(join(path, 'include', 'c_api.h'), '');
  put(join(path, 'nvidia', 'cudnn', 'lib', 'libcudnn.so.9'), '');
  const runtime: CachedRuntime = {
    distribution: 'tensorflow',
    version: '9.9.9',
    platform: 'linux',
    arch: 'x64',
    gpu,
    wheels: [],
    files: [],
    path,
    size: 0,
  };
  const file = put(join(folder, 'built.node'), 'built');
  const built: BuiltBinding = { path: file, sha256: await sha256OfFile(file), cached: false };
  const tfjsNode = { path: makeTfjsNode(join(folder, 'package')), version: '4.22.0' };
  return { folder, runtime, built, tfjsNode, inPackage: (name: string) => join(tfjsNode.path, name) };
}

test('links the library under every name, copies the binding, and is idempotent', async () => {
  const { runtime, built, tfjsNode, inPackage } = await setUp();
  expect(await packageState(tfjsNode)).toEqual({ state: 'absent' });
  expect(await linkPackage(tfjsNode, runtime, built)).toBe(true);
  for (const name of ['libtensorflow.so', 'libtensorflow.so.2', 'libtensorflow_cc.so.2'])
    expect(readFileSync(inPackage(`deps/lib/${name}`), 'utf8')).toBe('libtensorflow_cc.so.2');
  expect(readFileSync(inPackage('deps/lib/libtensorflow_framework.so.2'), 'utf8')).toBe('libtensorflow_framework.so.2');
  expect(existsSync(inPackage('deps/include/c_api.h'))).toBe(true);
  expect(lstatSync(inPackage(binding)).isSymbolicLink()).toBe(false);
  expect(await packageState(tfjsNode)).toMatchObject({ state: 'ready', link: { version: '9.9.9', gpu: false } });
  expect(await linkPackage(tfjsNode, runtime, built)).toBe(false);
});

test('removal leaves the package as it was', async () => {
  const { runtime, built, tfjsNode, inPackage } = await setUp();
  await linkPackage(tfjsNode, runtime, built);
  expect(await unlinkPackage(tfjsNode)).toBe(true);
  expect(existsSync(inPackage('deps'))).toBe(false);
  expect(existsSync(inPackage('lib'))).toBe(false);
  expect(await unlinkPackage(tfjsNode)).toBe(false);
});

test('a file hard-linked to a shared store is moved aside, never written, and comes back', async () => {
  const { folder, runtime, built, tfjsNode, inPackage } = await setUp();
  const store = put(join(folder, 'store', 'file'), 'theirs');
  mkdirSync(inPackage('lib/napi-v8'), { recursive: true });
  linkSync(store, inPackage(binding));
  put(inPackage('deps/include/old.h'), 'old');
  expect(await packageState(tfjsNode)).toEqual({ state: 'foreign' });
  await linkPackage(tfjsNode, runtime, built);
  await linkPackage(tfjsNode, { ...runtime, version: '9.9.10' }, built);
  expect(readFileSync(store, 'utf8')).toBe('theirs');
  expect(readFileSync(inPackage(binding), 'utf8')).toBe('built');
  await unlinkPackage(tfjsNode);
  expect(readFileSync(inPackage(binding), 'utf8')).toBe('theirs');
  expect(lstatSync(inPackage(binding)).ino).toBe(lstatSync(store).ino);
  expect(readFileSync(inPackage('deps/include/old.h'), 'utf8')).toBe('old');
});

test('a GPU build adds CUDA beside the library, a CPU build after it takes that away', async () => {
  const { runtime, built, tfjsNode, inPackage } = await setUp({ gpu: true });
  await linkPackage(tfjsNode, runtime, built);
  expect(readlinkSync(inPackage('deps/nvidia'))).toBe(join(runtime.path, 'nvidia'));
  await linkPackage(tfjsNode, { ...runtime, gpu: false }, built);
  expect(existsSync(inPackage('deps/nvidia'))).toBe(false);
  expect(await packageState(tfjsNode)).toMatchObject({ state: 'ready', link: { gpu: false } });
});

test('what was deleted or replaced is noticed and repaired', async () => {
  const { runtime, built, tfjsNode, inPackage } = await setUp();
  await linkPackage(tfjsNode, runtime, built);
  put(inPackage(binding), 'rebuilt by hand');
  expect(await packageState(tfjsNode)).toMatchObject({
    state: 'broken',
    problems: [expect.stringContaining('replaced')],
  });
  expect(await linkPackage(tfjsNode, runtime, built)).toBe(true);
  rmSync(join(runtime.path, 'lib'), { recursive: true });
  const state = await packageState(tfjsNode);
  expect(state.state === 'broken' && state.problems.join()).toContain('was the cache deleted?');
});
