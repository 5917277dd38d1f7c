// One tsup configuration for all packages: the entries are read from the package's own `exports`.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports?: Record<string, { default: string } | string>;
  gss?: { entries?: Record<string, string> };
};

const entry: Record<string, string> = { ...manifest.gss?.entries };
for (const target of Object.values(manifest.exports ?? {})) {
  const file = typeof target === 'string' ? target : target.default;
  const name = /^\.\/dist\/(.+)\.js$/.exec(file)?.[1];
  if (name) entry[name] = `src/${name}.ts`;
}

export default defineConfig({
  entry,
  format: ['esm'],
  target: 'es2022',
  platform: 'neutral',
  dts: manifest.exports
    ? { entry: Object.fromEntries(Object.entries(entry).filter(([name]) => !manifest.gss?.entries?.[name])) }
    : false,
  sourcemap: true,
  clean: true,
  splitting: true,
  treeshake: true,
  external: [/^node:/],
  skipNodeModulesBundle: true,
});
