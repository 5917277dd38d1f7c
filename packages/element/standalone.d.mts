/** Builds the files that a page loads without a bundler; gives what esbuild says about pages and worker. */
export function buildStandalone(outdir: string): Promise<import('esbuild').BuildResult<{ metafile: true }>[]>;
