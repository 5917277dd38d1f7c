import { defineConfig } from 'vitest/config';
import { sourceAliases } from './scripts/workspace.mjs';

// Tests run on the sources of every package: no build is needed before a unit test.
export default defineConfig({
  resolve: { alias: sourceAliases },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
