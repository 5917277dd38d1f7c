import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const backends = ['webgpu', 'webgl', 'wasm'] as const;

/** A name that tells what a chunk of the worker is: a tfjs backend, or part of the engine. */
export function workerChunkName({ moduleIds }: { readonly moduleIds: readonly string[] }): string {
  const of = backends.filter((name) => moduleIds.some((id) => id.includes(`tfjs-backend-${name}`)));
  return `assets/engine-${of.length === 1 ? `${of[0]}-` : ''}[name]-[hash].js`;
}

export interface Measured {
  readonly fileName: string;
  /** gzip */
  readonly bytes: number;
}

/** Adds sizes up: the page, the engine, each backend, all code, and beside it the WebAssembly of tfjs, of whose builds a visitor loads one. */
export function sumUp(files: readonly Measured[]) {
  const sum = (part: (name: string) => boolean) =>
    files.filter(({ fileName }) => part(fileName)).reduce((total, { bytes }) => total + bytes, 0);
  const isCode = (name: string) => !name.endsWith('.wasm');
  const page = sum((name) => isCode(name) && !name.includes('/engine-'));
  const each = backends.map((backend) => [backend, sum((name) => name.includes(`/engine-${backend}-`))] as const);
  const all = sum(isCode);
  const engine = all - page - each.reduce((total, [, bytes]) => total + bytes, 0);
  const wasm = files.filter(({ fileName }) => !isCode(fileName)).map(({ bytes }) => bytes);
  return { page, engine, backends: each, all, wasm: { builds: wasm.length, largest: Math.max(0, ...wasm) } };
}

const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

/**
 * Measures the code of a build, gzip, and fails where all of it together (the page, the engine, every backend) is above the limit, or where
 * the page itself holds tfjs, which belongs into the worker. Weights and icons are no code; tfjs' .wasm files are told beside it.
 */
export function size({ kilobytes }: { readonly kilobytes: number }) {
  return {
    name: 'gss-size',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle).flatMap((file): Measured[] => {
        const { fileName } = file;
        if (!/\.(js|css|html|wasm)$/.test(fileName) || fileName.startsWith('weights/')) return [];
        return [{ fileName, bytes: gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).length }];
      });
      files.sort((a, b) => b.bytes - a.bytes);
      const { page, engine, backends: each, all, wasm } = sumUp(files);
      const said = [
        `page ${kB(page)} + engine ${kB(engine)} + ${each.map(([name, bytes]) => `${name} ${kB(bytes)}`).join(' + ')} = all code ${kB(all)} gzip, of ${kilobytes} kB`,
        `beside it one of ${wasm.builds} .wasm files, up to ${kB(wasm.largest)} gzip, where wasm computes`,
      ];
      if (process.env.GSS_SIZES)
        said.push(...files.map(({ fileName, bytes }) => `  ${kB(bytes).padStart(9)}  ${fileName}`));
      if (all > 1000 * kilobytes) this.error(`${said.join('\n')}\nThat is too much. GSS_SIZES=1 lists the files.`);
      const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : []));
      const tfjs = modules.find((id) => /@tensorflow\/.*\.m?js$/.test(id));
      if (tfjs) this.error(`the page bundles ${tfjs}: tfjs belongs into the worker. Look who imports it.`);
      this.info(said.join('\n'));
    },
  } satisfies Plugin;
}
