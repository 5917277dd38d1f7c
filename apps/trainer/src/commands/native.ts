import { runNativeCli } from '@gss/native';
import { Command } from 'commander';

/** `gss native install|status|remove`: the command line of @gss/native, option for option. */
export const nativeCommand = () =>
  new Command('native')
    .description(
      'provision the native TensorFlow backend: install [--gpu] [--version V] [--from WHEEL], status, remove',
    )
    .allowUnknownOption()
    .helpOption(false)
    .argument('[args...]')
    .action(async (_args: string[], _options: unknown, self: Command) => {
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const streams = {
        out: (text: string) => process.stdout.write(text),
        err: (text: string) => process.stderr.write(text),
        interactive: process.stderr.isTTY === true,
      };
      process.exitCode = await runNativeCli(self.args, streams, stop.signal);
    });
