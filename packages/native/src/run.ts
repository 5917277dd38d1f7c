import { spawn } from 'node:child_process';

export interface RunResult {
  /** Exit code; null when the program could not be started or was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** True if there is no such program. */
  readonly missing: boolean;
  /** The signal that ended it, if one did. */
  readonly killedBy?: NodeJS.Signals | undefined;
}

export interface RunOptions {
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end, without a shell. A missing program is a result, an aborted signal rejects. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const result = (code: number | null, missing: boolean): RunResult => ({
      code,
      missing,
      stdout: Buffer.concat(out).toString('utf8'),
      stderr: Buffer.concat(err).toString('utf8'),
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError') reject(error);
      else resolve({ ...result(null, error.code === 'ENOENT' || error.code === 'EACCES'), stderr: error.message });
    });
    child.on('close', (code, killedBy) => resolve({ ...result(code, false), killedBy: killedBy ?? undefined }));
  });
}

/** The last lines of a program's output that say something, for an error message. */
export const lastLines = (text: string, count = 6): string =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n  ');
