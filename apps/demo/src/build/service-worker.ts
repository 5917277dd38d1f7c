import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, transformWithEsbuild } from 'vite';

/**
 * Emits sw.js with the list of the build's files (all but weights). Written here rather than by vite-plugin-pwa: that brings workbox
 * and some hundred packages for what is sixty lines.
 */
export function serviceWorker(root: string): Plugin {
  return {
    name: 'gss-service-worker',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      const digest = createHash('sha256');
      const shared = readdirSync(join(root, 'public')).sort();
      for (const name of shared) digest.update(readFileSync(join(root, 'public', name)));
      const files = Object.values(bundle).filter(({ fileName }) => !/^weights\/|\.map$/.test(fileName));
      for (const file of files) digest.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
      const path = join(root, 'src', 'service-worker.ts');
      const { code } = await transformWithEsbuild(readFileSync(path, 'utf8'), path, {
        minify: true,
        target: 'es2022',
        sourcemap: false,
        define: {
          __FILES__: JSON.stringify([...shared, ...files.map(({ fileName }) => fileName)].sort()),
          __VERSION__: JSON.stringify(digest.digest('hex').slice(0, 12)),
        },
      });
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: code });
    },
  };
}
