import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { isErrno, NativeError } from './errors.js';
import { packageState } from './link.js';
import { packageName } from './packages.js';

export interface LoadOptions {
  /** Where the package is looked for: a folder, or a module's `import.meta.url`. Default: the current folder, then here. */
  readonly from?: string | URL;
}

/** The loaded backend. Its operations are those of the `@tensorflow/tfjs-core` beside it, which now has it as backend. */
export interface LoadedNative {
  /** TensorFlow's version, as the library states it. */
  readonly tensorflow: string;
  /** Version of the npm package. */
  readonly tfjsNode: string;
  readonly device: 'cpu' | 'gpu';
  /** Folder of the npm package. */
  readonly path: string;
}

/** The few things used of tfjs-node, which is no dependency of this package. */
interface TfjsNode {
  readonly version: Readonly<Record<string, string>>;
  findBackend(
    name: string,
  ): { readonly binding?: { readonly TF_Version?: string }; readonly isUsingGpuDevice?: boolean } | null;
}

/**
 * Gives `node:util` the two functions that tfjs-node 4.22 calls and that Node 23 took away; on Node 22 it replaces them,
 * as they would print a deprecation warning. Call it before tfjs-node is imported by other means than `loadNative`.
 */
export function shimNodeUtil(): void {
  if (Number.parseInt(process.versions.node, 10) < 22) return;
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

/**
 * Loads `@tensorflow/tfjs-node-gpu` into this process: afterwards `tensorflow` is a registered backend, and the current
 * one. TensorFlow's log lines below errors are silenced unless TF_CPP_MIN_LOG_LEVEL is set, but for the one about oneDNN,
 * which heeds no setting. Works on Node 20, 22 and 24.
 *
 * @throws NativeError `PACKAGE_NOT_FOUND`, `NOT_PROVISIONED`, `LOAD_FAILED`
 */
export async function loadNative({ from }: LoadOptions = {}): Promise<LoadedNative> {
  const { require, manifest } = locate(from);
  const path = dirname(manifest);
  const { state } = await packageState({ path });
  if (state === 'absent')
    throw new NativeError(
      'NOT_PROVISIONED',
      `native: expected a built binding in ${path}, got none. Run: gss-native install (or gss native install).`,
    );
  shimNodeUtil();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  let tf: TfjsNode;
  try {
    tf = require(path) as TfjsNode;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new NativeError(
      'LOAD_FAILED',
      `native: ${packageName} in ${path} does not load: ${detail}\nRun gss-native status to see what is wrong, and gss-native install to repair it.`,
      { cause: error },
    );
  }
  const backend = tf.findBackend('tensorflow');
  return {
    tensorflow: backend?.binding?.TF_Version ?? 'unknown',
    tfjsNode: tf.version['tfjs-node'] ?? 'unknown',
    device: backend?.isUsingGpuDevice ? 'gpu' : 'cpu',
    path,
  };
}

/** The package that a module would get, as Node itself resolves it. */
function locate(from: string | URL | undefined): { require: NodeJS.Require; manifest: string } {
  const isUrl = from instanceof URL || from?.startsWith('file:');
  const origins =
    from === undefined
      ? [join(process.cwd(), 'noop.js'), import.meta.url]
      : [isUrl ? from : join(resolve(String(from)), 'noop.js')];
  for (const origin of origins) {
    const require = createRequire(origin);
    try {
      return { require, manifest: require.resolve(`${packageName}/package.json`) };
    } catch (error) {
      if (!isErrno(error, 'MODULE_NOT_FOUND')) throw error;
    }
  }
  throw new NativeError(
    'PACKAGE_NOT_FOUND',
    `native: ${packageName} cannot be resolved from ${origins[0]}. Add it without its install script: npm install --ignore-scripts ${packageName}@4.22.0.`,
  );
}
