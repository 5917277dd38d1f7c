import { NativeError } from './errors.js';
import { run } from './run.js';

/** A C++ compiler with the flags that the user's environment adds. */
export interface Compiler {
  readonly command: string;
  readonly args: readonly string[];
  /** The first line of `--version`. */
  readonly version: string;
}

export interface CompilerOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

const words = (text: string | undefined): string[] => text?.split(/\s+/).filter((word) => word !== '') ?? [];

/**
 * `$CXX`, else the first of c++, g++, clang++ that runs. (On macOS without its developer tools `c++` exists but fails.)
 *
 * @throws NativeError `NO_COMPILER`
 */
export async function findCompiler({ env = process.env, signal }: CompilerOptions = {}): Promise<Compiler> {
  const chosen = words(env.CXX);
  const candidates = chosen.length > 0 ? [chosen] : [['c++'], ['g++'], ['clang++']];
  for (const [command = '', ...args] of candidates) {
    const { code, stdout } = await run(command, [...args, '--version'], { env, signal });
    if (code === 0) return { command, args, version: stdout.split('\n')[0]?.trim() ?? '' };
  }
  const tried = candidates.map((candidate) => candidate.join(' ')).join(', ');
  throw new NativeError(
    'NO_COMPILER',
    `native: expected a C++17 compiler, got none (tried ${tried}). Install one: apt install g++, dnf install gcc-c++ or xcode-select --install; or name it in CXX.`,
  );
}

/** `CXXFLAGS` and `LDFLAGS` of the environment, as every build honours them. */
export const userFlags = (env: NodeJS.ProcessEnv = process.env) => ({
  compile: words(env.CXXFLAGS),
  link: words(env.LDFLAGS),
});
