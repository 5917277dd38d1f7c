import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const backends = ['webgpu', 'webgl', 'wasm'] as const;

/** A name that tells what a chunk of the worker is: a tfjs backend, or part of the engine. */
export function workerChunkName({ moduleIds }: { readonly moduleIds: readonly string[] }): string {
  const backend = backends.find((name) => moduleIds.some((id) => id.includes(`tfjs-backend-${name}`)));
  const shared = backends.filter((name) => moduleIds.some((id) => id.includes(`tfjs-backend-${name}`))).length > 1;
  return `assets/engine-${backend && !shared ? `${backend}-` : ''}[name]-[hash].js`;
}

export interface Measured {
  readonly fileName: string;
  /** gzip */
  readonly bytes: number;
}

/** Adds sizes up: the page, the engine, and the largest backend, of which a visitor computes on one. */
export function sumUp(files: readonly Measured[]) {
  const sum = (part: (name: string) => boolean) =>
    files.filter(({ fileName }) => part(fileName)).reduce((total, { bytes }) => total + bytes, 0);
  const page = sum((name) => !name.includes('/engine-'));
  const each = backends.map((backend) => [backend, sum((name) => name.includes(`/engine-${backend}-`))] as const);
  const all = sum(() => true);
  const engine = all - page - each.reduce((total, [, bytes]) => total + bytes, 0);
  return { page, engine, backends: each, used: page + engine + Math.max(...each.map(([, bytes]) => bytes)), all };
}

/**
 * Measures the code of a build, gzip, and fails where the page, the engine and any one backend are above the limit together. Weights,
 * wasm and icons are no code.
 */
export function size({ kilobytes }: { readonly kilobytes: number }): Plugin {
  return {
    name: 'gss-size',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle).flatMap((file): Measured[] => {
        const { fileName } = file;
        if (!/\.(js|css|html)$/.test(fileName) || fileName.startsWith('weights/')) return [];
        return [{ fileName, bytes: gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).length }];
      });
      files.sort((a, b) => b.bytes - a.bytes);
      const total = sumUp(files);
      const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
      const said = [
        `page ${kB(total.page)} + engine ${kB(total.engine)} + the largest backend = ${kB(total.used)} gzip, of ${kilobytes} kB`,
        `backends: ${total.backends.map(([name, bytes]) => `${name} ${kB(bytes)}`).join(', ')}; all code ${kB(total.all)}`,
      ];
      if (process.env.GSS_SIZES)
        said.push(...files.map(({ fileName, bytes }) => `  ${kB(bytes).padStart(9)}  ${fileName}`));
      if (total.used > 1000 * kilobytes) this.error(`${said.join('\n')}\nThat is too much.`);
      this.info(said.join('\n'));
    },
  };
}
