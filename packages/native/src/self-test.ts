import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explained } from './errors.js';
import { requirePackages } from './packages.js';
import { lastLines, run } from './run.js';

export interface SelfTestOptions {
  /** A folder of the project; default the current one. */
  readonly projectDir?: string;
  /** The Node program to test with; default the running one. */
  readonly node?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Either what was measured, or why it could not be. */
export type SelfTestResult =
  | {
      readonly ok: boolean;
      /** Node's version in the child process. */
      readonly node: string;
      readonly tensorflow: string;
      readonly device: 'cpu' | 'gpu';
      /** Largest absolute difference to the cpu backend over loss, gradients' effect and activations. */
      readonly largestError: number;
      readonly tolerance: number;
      /** Speed of a 1024² matrix product. */
      readonly gflops: number;
      /** Present if `ok` is false. */
      readonly reason?: string;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Trains one step (convolution, matrix product, cross entropy, its gradients, SGD) on the `tensorflow` backend and on
 * tfjs's plain JavaScript one and compares the two. It runs in a process of its own, so that a library that does not
 * load, or kills the process (TensorFlow needs AVX), is a result and not the end of the caller.
 *
 * @throws NativeError `PACKAGE_NOT_FOUND` only; every other failure is a result with a reason
 */
export function selfTestNative({
  projectDir = process.cwd(),
  node = process.execPath,
  env = process.env,
  signal,
}: SelfTestOptions = {}): Promise<SelfTestResult> {
  return explained('self-test', async (): Promise<SelfTestResult> => {
    const [tfjsNode] = await requirePackages(projectDir);
    // Lies beside src/ and dist/ alike, in plain JavaScript: nothing needs to be built for it.
    const script = fileURLToPath(new URL('../child/self-test.mjs', import.meta.url));
    const result = await run(node, [script, tfjsNode?.path ?? resolve(projectDir)], {
      env: { TF_CPP_MIN_LOG_LEVEL: '2', ...env },
      signal,
    });
    const line = result.stdout.trim().split('\n').at(-1) ?? '';
    if (result.code === 0 && line.startsWith('{')) return JSON.parse(line) as SelfTestResult;
    const death = result.killedBy
      ? `the process was ended by ${result.killedBy}${result.killedBy === 'SIGILL' ? ' (TensorFlow needs a processor with AVX)' : ''}`
      : `exit code ${result.code}`;
    return { ok: false, reason: [death, lastLines(result.stderr)].filter((part) => part !== '').join(': ') };
  });
}
