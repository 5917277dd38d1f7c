// Holds the arrows of the house: which package may import which (docs/architecture.md §2), and that every import is declared.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, workspacePackages } from './workspace.mjs';

const backbones = ['swin', 'resnet', 'hrnet', 'efficientnet'];
const models = ['vqvae', ...backbones, 'prior', 'posterior'];
/** Package → packages of ours that it may import. Apps may import everything. */
const arrows = {
  tensor: [],
  checkpoint: [],
  maskige: [],
  metrics: [],
  native: [],
  weights: ['native', 'checkpoint'],
  datasets: ['maskige'],
  vqvae: ['tensor'],
  ...Object.fromEntries(backbones.map((name) => [name, ['tensor']])),
  posterior: ['maskige', 'vqvae', 'swin', 'tensor'],
  prior: ['swin', 'tensor'],
  segmenter: ['tensor', 'checkpoint', 'maskige', 'metrics', 'datasets', ...models],
  train: ['tensor', 'checkpoint', 'datasets', 'metrics'],
  element: ['segmenter', 'maskige', 'posterior', 'tensor', 'checkpoint'],
  testing: ['tensor', 'checkpoint'],
};
/** Roots that must stay free of every dependency and of Node built-ins. */
const bare = ['maskige', 'metrics', 'checkpoint'];
const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g;

function sources(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : sources(path);
    return /\.(ts|tsx|mts)$/.test(entry.name) ? [path] : [];
  });
}

const problems = [];
for (const { dir, folder, manifest } of workspacePackages()) {
  const name = manifest.name.replace('@gss/', '');
  const app = folder.startsWith('apps/');
  if (!app && !arrows[name]) problems.push(`${folder}: add it to the arrows in scripts/check-imports.mjs`);
  const declared = new Set(
    ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((key) => Object.keys(manifest[key] ?? {})),
  );
  const declaredForTests = new Set([...declared, ...Object.keys(manifest.devDependencies ?? {})]);
  for (const file of sources(join(dir, 'src'))) {
    const test = /\.test\.ts$|\/test-[^/]*\.ts$/.test(file);
    const where = relative(root, file);
    const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const match of source.matchAll(importPattern)) {
      const target = match[1] ?? match[2] ?? match[3];
      if (target.startsWith('.')) continue;
      if (target.startsWith('node:')) {
        const inNode =
          /\/src\/(node|.*\/node)\//.test(file) || app || test || ['native', 'weights', 'testing'].includes(name);
        if (!inNode) problems.push(`${where}: ${target} belongs in src/node (the root runs in browsers)`);
        continue;
      }
      const owner = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0];
      if (
        test &&
        (owner === 'vitest' || owner === 'fast-check' || owner === '@fast-check/vitest' || owner === '@gss/testing')
      )
        continue;
      if (
        owner !== manifest.name &&
        !(test ? declaredForTests : declared).has(owner) &&
        !(app && declaredForTests.has(owner))
      )
        problems.push(`${where}: imports ${owner}, which package.json does not declare`);
      if (
        owner.startsWith('@gss/') &&
        owner !== manifest.name &&
        !app &&
        !test &&
        !arrows[name]?.includes(owner.slice(5))
      )
        problems.push(`${where}: ${manifest.name} may not import ${owner}`);
      if (bare.includes(name) && !test && owner !== manifest.name && !/\/src\/node\//.test(file))
        problems.push(`${where}: ${manifest.name} has no dependencies at its root, but imports ${owner}`);
    }
  }
}
if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log('check-imports: every import follows the arrows and is declared');
