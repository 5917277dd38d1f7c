#!/usr/bin/env node
// gss-manifest DIR…: writes manifest.json into model folders, the sizes and hashes by which browsers verify and cache them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @param {string} folder with config.json and *.safetensors files; @returns names of the files in the manifest */
export function writeManifest(folder) {
  const names = readdirSync(folder).filter((name) => /^config\.json$|\.safetensors(\.index\.json)?$/.test(name));
  if (!names.includes('config.json')) throw new Error(`${folder}: no model folder, it has no config.json`);
  const files = Object.fromEntries(
    names.sort().map((name) => {
      const bytes = readFileSync(join(folder, name));
      return [name, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }];
    }),
  );
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify({ files }, null, 2)}\n`);
  return names;
}

if (process.argv[1] && process.argv[1] === fileURLToPath(import.meta.url)) {
  const folders = process.argv.slice(2);
  if (folders.length === 0) {
    console.error('usage: gss-manifest DIR…   (model folders with config.json and model.safetensors)');
    process.exit(1);
  }
  for (const folder of folders) console.log(`${join(folder, 'manifest.json')}: ${writeManifest(folder).join(', ')}`);
}
