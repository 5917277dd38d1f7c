// `node subpaths.js`: every subpath that a manifest exports can be imported; prints { specifier: number of exports }.
import { readFileSync } from 'node:fs';

const found = {};
for (const name of ['@gss/maskige', '@gss/metrics', '@gss/datasets']) {
  const { exports } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'));
  for (const path of Object.keys(exports))
    found[name + path.slice(1)] = Object.keys(await import(name + path.slice(1))).length;
}
console.log(JSON.stringify(found));
