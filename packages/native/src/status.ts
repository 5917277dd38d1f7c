import { cacheOf } from './cache.js';
import { findClient } from './client.js';
import { findCompiler } from './compiler.js';
import { explained, NativeError } from './errors.js';
import { folderSize } from './files.js';
import { type PackageState, packageState } from './link.js';
import { findPackages } from './packages.js';
import { currentHost, type Host, targetOf } from './platform.js';
import { listRuntimes } from './runtime.js';

export interface StatusOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly host?: Host;
}

export interface NativeStatus {
  /** True if the project has tfjs-node-gpu and every copy of it is provisioned. Nothing is loaded to find out. */
  readonly ready: boolean;
  readonly platform: string;
  readonly arch: string;
  readonly packages: readonly {
    readonly path: string;
    readonly version: string;
    readonly state: PackageState['state'];
    readonly tensorflow?: string;
    readonly gpu?: boolean;
    readonly problems: readonly string[];
  }[];
  readonly cache: {
    readonly path: string;
    readonly bytes: number;
    readonly runtimes: readonly {
      readonly path: string;
      readonly tensorflow: string;
      readonly gpu: boolean;
      readonly bytes: number;
    }[];
  };
  /** What an installation would use; looked for only if the project is not ready. */
  readonly tools?: { readonly client?: string; readonly compiler?: string };
  /** What stands in the way and what to do, one line each; empty when ready. */
  readonly advice: readonly string[];
}

/** What is provisioned for a project, and what is missing. Changes nothing, needs no network. */
export function nativeStatus(
  projectDir: string = process.cwd(),
  { env = process.env, host = currentHost() }: StatusOptions = {},
): Promise<NativeStatus> {
  return explained('status', async () => {
    const cache = cacheOf(env, host.platform);
    const packages = await Promise.all(
      (await findPackages(projectDir)).map(async (found) => {
        const state = await packageState(found);
        return {
          ...found,
          state: state.state,
          ...('link' in state ? { tensorflow: state.link.version, gpu: state.link.gpu } : {}),
          problems: state.state === 'broken' ? state.problems : [],
        };
      }),
    );
    const ready = packages.length > 0 && packages.every(({ state }) => state === 'ready');
    const advice: string[] = [];
    let tools: NativeStatus['tools'];
    if (!ready) {
      const ask = async <T>(question: Promise<T>): Promise<T | undefined> =>
        question.catch((error: unknown) => noteMissing(error, advice));
      await ask((async () => targetOf(host))());
      const client = await ask(findClient({ env }));
      const compiler = await ask(findCompiler({ env }));
      if (packages.length === 0)
        advice.push(
          'The project has no @tensorflow/tfjs-node-gpu: npm install --ignore-scripts @tensorflow/tfjs-node-gpu@4.22.0',
        );
      else advice.push('Run: gss-native install (or gss native install)');
      tools = {
        ...(client ? { client: `${[client.command, ...client.args].join(' ')} (pip ${client.version})` } : {}),
        ...(compiler ? { compiler: `${compiler.command} (${compiler.version})` } : {}),
      };
    }
    const runtimes = (await listRuntimes(cache)).map(({ path, version, gpu, size }) => ({
      path,
      tensorflow: version,
      gpu,
      bytes: size,
    }));
    return {
      ready,
      platform: host.platform,
      arch: host.arch,
      packages,
      cache: { path: cache.root, bytes: await folderSize(cache.root), runtimes },
      ...(tools ? { tools } : {}),
      advice,
    };
  });
}

/** A missing tool is an answer here; any other failure is not. */
function noteMissing(error: unknown, advice: string[]): undefined {
  if (!(error instanceof NativeError)) throw error;
  advice.push(error.message);
}
