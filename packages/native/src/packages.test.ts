import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPackages, packageName, requirePackages } from './packages.js';
import { makeTfjsNode, put, temporaryFolder } from './test-wheel.js';

const paths = async (projectDir: string) => (await findPackages(projectDir)).map(({ path }) => path);

test('a plain npm project, its nested copies and its folders', async () => {
  const project = temporaryFolder();
  put(join(project, 'package-lock.json'), '{}');
  const top = makeTfjsNode(join(project, 'node_modules', packageName));
  const nested = makeTfjsNode(join(project, 'node_modules', '@scope', 'lib', 'node_modules', packageName), '4.20.0');
  expect(await findPackages(join(project, 'src', 'deep'))).toEqual(
    [
      { path: top, version: '4.22.0' },
      { path: nested, version: '4.20.0' },
    ].sort((a, b) => (a.path < b.path ? -1 : 1)),
  );
});

test('every copy in the store of a pnpm workspace, from any of its packages', async () => {
  const root = temporaryFolder();
  put(join(root, 'pnpm-workspace.yaml'), '');
  const store = join(root, 'node_modules', '.pnpm');
  const a = makeTfjsNode(join(store, '@tensorflow+tfjs-node-gpu@4.22.0_seedrandom@3.0.5', 'node_modules', packageName));
  const b = makeTfjsNode(join(store, '@tensorflow+tfjs-node-gpu@4.20.0', 'node_modules', packageName), '4.20.0');
  makeTfjsNode(join(store, '@tensorflow+tfjs-node@4.22.0', 'node_modules', '@tensorflow/tfjs-node'));
  const member = join(root, 'packages', 'one');
  mkdirSync(join(member, 'node_modules', '@tensorflow'), { recursive: true });
  symlinkSync(a, join(member, 'node_modules', packageName));
  expect(await paths(member)).toEqual([b, a]);
  expect(await paths(root)).toEqual([b, a]);
});

test('copies inside npm workspaces, which node_modules links to; loops end', async () => {
  const root = temporaryFolder();
  put(join(root, 'package-lock.json'), '{}');
  const member = join(root, 'packages', 'one');
  const copy = makeTfjsNode(join(member, 'node_modules', packageName));
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(member, join(root, 'node_modules', 'one'));
  symlinkSync(root, join(member, 'node_modules', 'root'));
  expect(await paths(root)).toEqual([copy]);
});

test('the search ends at the root of the workspace', async () => {
  const outer = temporaryFolder();
  makeTfjsNode(join(outer, 'node_modules', packageName));
  const project = join(outer, 'project');
  put(join(project, 'yarn.lock'), '');
  const own = makeTfjsNode(join(project, 'node_modules', packageName));
  expect(await paths(project)).toEqual([own]);
});

test('a project without the package is told how to add it', async () => {
  const project = temporaryFolder();
  put(join(project, 'node_modules', packageName, 'package.json'), 'not json');
  await expect(requirePackages(project)).rejects.toThrow(/npm install --ignore-scripts @tensorflow\/tfjs-node-gpu/);
});
