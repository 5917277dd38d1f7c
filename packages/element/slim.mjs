// What bundlers do to tfjs so that a page carries what the worker uses and no more. Each change is of a module's text and refuses to be made
// where the text is not as expected: a new tfjs is met with an error, not with a larger or a broken bundle.

import { readFile } from 'node:fs/promises';

const core = '@tensorflow/tfjs-core';
/** Exports of tfjs-core that are modules: named as such they can be shaken, as members of one object (esbuild) they cannot. */
const namespaces = {
  backend_util: 'backends/backend_util',
  broadcast_util: 'ops/broadcast_util',
  device_util: 'device_util',
  gather_util: 'ops/gather_nd_util',
  kernel_impls: 'backends/kernel_impls',
  scatter_util: 'ops/scatter_nd_util',
  slice_util: 'ops/slice_util',
  tensor_util: 'tensor_util',
  util: 'util',
};

/** @param {string} code @param {string | RegExp} what @param {string | ((...match: string[]) => string)} by @param {string} where */
function replaced(code, what, by, where) {
  const changed = typeof by === 'string' ? code.replace(what, () => by) : code.replace(what, by);
  if (changed === code)
    throw new Error(`slim: ${where} is not as expected (${what}): is this another tfjs? Adapt slim.mjs.`);
  return changed;
}

/** `import { env, util } from core` → `import { env } from core; import * as util from core/dist/util`. */
const importNamespaces = (code) =>
  code.replace(/import \{([^}]+)\} from '@tensorflow\/tfjs-core';/g, (_whole, names) => {
    const all = names
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    const plain = all.filter((name) => !(name in namespaces));
    const spaces = all.filter((name) => name in namespaces);
    return [
      ...(plain.length ? [`import { ${plain.join(', ')} } from '${core}';`] : []),
      ...spaces.map((name) => `import * as ${name} from '${core}/dist/${namespaces[name]}.js';`),
    ].join(' ');
  });

/** Shaders are template strings: their indentation and comments are no part of them. Code is minified anyway. */
const withoutIndentation = (code) =>
  code
    .replace(/^[ \t]*\/\/.*$/gm, '')
    .replace(/^[ \t]+/gm, '')
    .replace(/\n{2,}/g, '\n');

/** `const { a: aCPU } = shared` keeps all of the cpu backend's functions; an export of each keeps those that are used. */
const sharedByName = (code, where) => {
  const pairs = [];
  const open = replaced(
    code,
    /const \{([^}]+)\} = shared;/,
    (_whole, names) => {
      pairs.push(
        ...names
          .split(',')
          .map((pair) => pair.trim())
          .filter(Boolean),
      );
      return '';
    },
    where,
  );
  const named = pairs.map((pair) => pair.replace(/\s*:\s*/, ' as ')).join(', ');
  const free = replaced(
    open,
    /import \* as shared from '([^']+)';/,
    (_whole, from) => `export { ${named} } from '${from}';`,
    where,
  );
  return replaced(free, /export \{ [\w, ]*?(?:CPU, )+\};/, '', where);
};

/** Out go: optimisers that a saved training could name, tfjs' own model files, Node's platform, operations of images but resizing. */
const coreChanges = {
  'index.js': (code, where) =>
    replaced(
      replaced(code, 'registerOptimizers();', '', where),
      /import \{ registerOptimizers \} from '[^']+';/,
      '',
      where,
    ),
  'base.js': (code, where) =>
    replaced(
      replaced(code, "import * as io from './io/io';", '', where),
      /export \{ browser, io, /,
      'export { browser, ',
      where,
    ),
  'base_side_effects.js': (code, where) => replaced(code, "import './platforms/platform_node';", '', where),
  'platforms/platform_browser.js': (code, where) =>
    replaced(
      replaced(code, /import \{ [\w, ]+ \} from '\.\.\/io\/\w+';/g, '', where),
      /try \{\s+ModelStoreManagerRegistry[^}]*\}\s+catch \(err\) \{\s+\}/g,
      '',
      where,
    ),
  'ops/ops.js': (code, where) =>
    replaced(code, /const image = \{[^}]*\}/, 'const image = { resizeNearestNeighbor, resizeBilinear }', where),
};

/**
 * The text of a module as a bundle of the engine takes it, or undefined where it stays.
 * @param {string} path @param {string} code
 */
export function slimmed(path, code) {
  const file = path.replaceAll('\\', '/').replace(/\?.*$/, '');
  const own = /\/@tensorflow\/tfjs-core\/dist\/(.+)$/.exec(file);
  if (own) return coreChanges[own[1]]?.(code, own[0]);
  const backend = /\/@tensorflow\/tfjs-backend-(webgl|webgpu|wasm|cpu)\/dist\/(.+)$/.exec(file);
  if (!backend) return undefined;
  const shared = backend[1] !== 'wasm' && backend[2] === 'kernel_utils/shared.js';
  return withoutIndentation(importNamespaces(shared ? sharedByName(code, backend[0]) : code));
}

const tfjs = /[\\/]@tensorflow[\\/]tfjs-(core|backend-\w+)[\\/]dist[\\/].+\.js$/;
const ours = /[\\/]packages[\\/]tensor[\\/]src[\\/]kernels[\\/].+\.ts$/;

/** For esbuild, which also needs the namespaces named in our own kernels. */
export const slimForEsbuild = {
  name: 'gss-slim',
  setup(build) {
    build.onLoad({ filter: tfjs }, async ({ path }) => {
      const code = await readFile(path, 'utf8');
      return { contents: slimmed(path, code) ?? code, loader: 'js' };
    });
    build.onLoad({ filter: ours }, async ({ path }) => ({
      contents: importNamespaces(await readFile(path, 'utf8')),
      loader: 'ts',
    }));
  },
};

/** For Vite and Rollup; workers take plugins of their own: `worker: { plugins: () => [slim()] }`. */
export const slim = () => ({
  name: 'gss-slim',
  apply: /** @type {const} */ ('build'),
  transform(code, id) {
    const changed = tfjs.test(id) ? slimmed(id, code) : undefined;
    return changed === undefined ? null : { code: changed, map: null };
  },
});
