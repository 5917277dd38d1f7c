import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { afterEach, beforeEach, vi } from 'vitest';

/** Gives each test of the calling file a folder of its own: `at(name)` is a path in it. */
export function temporaryFolder(): (...parts: string[]) => string {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'gss-command-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  return (...parts) => join(root, ...parts);
}

/** Runs a command in this process: what it printed and its exit status. */
export async function runCommand(command: Command, ...args: string[]) {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      said[stream] += String(chunk);
      return true;
    }),
  );
  throwsForExit(command);
  process.exitCode = undefined;
  try {
    await command.parseAsync(args, { from: 'user' });
    return { ...said, code: Number(process.exitCode ?? 0) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { ...said, code: error.exitCode };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
    process.removeAllListeners('SIGINT');
    process.removeAllListeners('SIGTERM');
  }
}

/** Commander throws where it would end the process. */
function throwsForExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwsForExit(child);
}
