import type { Plugin } from 'esbuild';

/** The text of a module as a bundle of the engine takes it, or undefined where it stays. */
export declare function slimmed(path: string, code: string): string | undefined;
export declare const slimForEsbuild: Plugin;
/** For Vite and Rollup, of the worker. */
export declare const slim: () => {
  readonly name: string;
  readonly apply: 'build';
  transform(code: string, id: string): { code: string; map: null } | null;
};
