// What the benches against PyTorch share: the packages from their sources, and parameters made quickly.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root, sourceAliases } from '../scripts/workspace.mjs';

/**
 * Packages from their sources, as { key: package }, bundled against the one tfjs-core that the backends are registered with. `sources` may
 * be the root of another checkout; what it depends on is still taken from here.
 */
export async function bundlePackages(name, parts, sources = root) {
  const folder = join(root, 'packages/tensor/node_modules/.cache/bench');
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, `${name}-entry.ts`);
  writeFileSync(
    entry,
    Object.entries(parts)
      .map(([key, from]) => `export * as ${key} from '${from}';`)
      .join('\n'),
  );
  const resolve = ({ path }) => {
    const { find, replacement } = sourceAliases.find((alias) => alias.find.test(path));
    return { path: path.replace(find, replacement.replace(root, sources)) };
  };
  const plugins = [{ name: 'sources', setup: (b) => void b.onResolve({ filter: /^@gss\// }, resolve) }];
  const outfile = join(folder, `${name}.mjs`);
  const fixed = { bundle: true, format: 'esm', platform: 'node', logLevel: 'error' };
  await build({ ...fixed, entryPoints: [entry], outfile, external: ['@tensorflow/*', 'webgpu'], plugins });
  const require = createRequire(join(root, 'packages/tensor/package.json'));
  return { tf: require('@tensorflow/tfjs'), ...(await import(pathToFileURL(outfile).href)) };
}

/** Uniform numbers in [−1, 1), quickly: the largest model has 180 million. */
function uniform(length, scale, seed) {
  const values = new Float32Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = (state / 2 ** 31) * scale;
  }
  return values;
}

/** Parameters that keep the size of what passes through them; none is 0, so that the comparison sees every one. */
export function parametersOf({ tf, tensor }, spec) {
  let seed = 2_463_534_242;
  return tensor.mapSpec(spec, ({ shape, init, dtype }) => {
    if (init?.type === 'values') return tf.tensor(init.values(), [...shape], dtype);
    const inputs = shape.length > 1 ? shape.slice(0, -1).reduce((a, b) => a * b) : 100;
    const values = uniform(
      shape.reduce((a, b) => a * b, 1),
      Math.sqrt(3 / inputs),
      seed++,
    );
    if (init?.type === 'ones') for (let i = 0; i < values.length; i++) values[i] += 1;
    return tf.tensor(values, [...shape], dtype);
  });
}
