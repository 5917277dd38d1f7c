import { createRequire } from 'node:module';

/**
 * tfjs-node calls `util.isNullOrUndefined` and `util.isArray`, which Node 23 removed and Node 22 answers with a deprecation
 * warning. From 22 on this puts own ones on the CommonJS `util` object, which is the one that tfjs-node holds; call it before
 * importing tfjs-node.
 */
export function prepareUtil(): void {
  if (Number.parseInt(process.versions.node, 10) < 22) return;
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
