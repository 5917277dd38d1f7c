import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { type Context, command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { findRuns } from '../watch/runs.js';
import { listen, watchServer } from '../watch/server.js';

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65536) return port;
  throw new InvalidArgumentError(`expected a port from 0 to 65535, got ${text}.`);
}

async function watch({ out, signal }: Context, folder: string, { port }: { readonly port: number }) {
  const root = resolve(folder);
  if (!existsSync(root)) throw new UsageError(`watch: no folder ${folder}. Name the --out of a training.`);
  const server = watchServer(root);
  const url = await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new UsageError(`watch: port ${port} is taken. Choose another with --port, or 0 for any free one.`);
  });
  const runs = findRuns(root);
  out.line(`${url}  ${runs.length ? runs.join(', ') : `nothing logged below ${folder} yet`}`);
  out.line('Press Ctrl-C to stop.');
  await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  server.closeAllConnections();
  server.close();
  out.result({ url });
  return 0;
}

/** `gss watch DIR`: a local page with the curves and pictures of running trainings. */
export const watchCommand = () =>
  command('watch', 'show running trainings on a local page: curves, and pictures of the last evaluation', watch)
    .argument('<dir>', 'folder of a run, or of several')
    .addOption(new Option('--port <n>', 'port on this machine, 0 any free one').argParser(portNumber).default(6007));
