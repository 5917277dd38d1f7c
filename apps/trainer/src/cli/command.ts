import { Command } from 'commander';
import { describeError } from './errors.js';
import { createOutput, type Output } from './output.js';

/** What each command body gets besides its own options. */
export interface Context {
  readonly out: Output;
  /** Aborted by Ctrl-C: commands save what they have and say how to go on. */
  readonly signal: AbortSignal;
}

/** Exit status of a command that Ctrl-C ended, as shells have it. */
export const interrupted = 130;

function watchInterrupt(out: Output): AbortController {
  const controller = new AbortController();
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(interrupted); // a second Ctrl-C does not wait
    out.note('\nInterrupted: finishing the running step and saving. Press Ctrl-C again to stop at once.');
    controller.abort();
  });
  process.on('SIGTERM', () => controller.abort());
  return controller;
}

/**
 * A subcommand with --json whose errors become one message on stderr and exit status 1.
 * The body returns an exit status, or nothing for 0.
 */
export function command(
  name: string,
  description: string,
  body: (context: Context, ...args: never[]) => Promise<number | undefined>,
): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'print one JSON object as the last line of stdout, and nothing else there')
    .action(async (...args: unknown[]) => {
      const self = args.at(-1) as Command;
      const out = createOutput(Boolean(self.opts().json));
      try {
        process.exitCode =
          (await body({ out, signal: watchInterrupt(out).signal }, ...(args.slice(0, -1) as never[]))) ?? 0;
      } catch (error) {
        out.note(`gss: ${describeError(error)}`);
        process.exitCode = 1;
      }
    });
}
