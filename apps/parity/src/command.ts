import { parseArgs } from 'node:util';
import { BackendError, type NodeBackend, nodeBackends, selectBackend } from '@gss/tensor/node';
import { findFixtures, UsageError } from './fixtures.js';
import { fixtureText, json, type Result, totals } from './report.js';
import { runFixture } from './runner.js';

export interface Io {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
}

const usage = `usage: parity DIR [--backend ${nodeBackends.join('|')}] [--only PREFIX] [--strict] [--json]

Runs every golden fixture of DIR and prints the largest error of each tensor beside its tolerance.
Exit status: 0 all pass, 1 some fail (with --strict also if some are not implemented), 2 cannot run.`;

function readArguments(argv: readonly string[]) {
  const parsed = (() => {
    try {
      return parseArgs({
        args: [...argv],
        allowPositionals: true,
        options: {
          backend: { type: 'string' },
          only: { type: 'string' },
          strict: { type: 'boolean', default: false },
          json: { type: 'boolean', default: false },
          help: { type: 'boolean', short: 'h', default: false },
        },
      });
    } catch (error) {
      throw new UsageError(`parity: ${(error as Error).message}\n${usage}`);
    }
  })();
  const { values, positionals } = parsed;
  const { backend } = values;
  if (backend !== undefined && !(nodeBackends as readonly string[]).includes(backend))
    throw new UsageError(`parity: there is no backend "${backend}". Take one of ${nodeBackends.join(', ')}.`);
  if (!values.help && positionals.length !== 1)
    throw new UsageError(`parity: expected one folder, got ${positionals.length || 'none'}.\n${usage}`);
  return { ...values, backend: backend as NodeBackend | undefined, folder: positionals[0] ?? '' };
}

async function run(argv: readonly string[], { out }: Io): Promise<number> {
  const { folder, backend, only, strict, json: asJson, help } = readArguments(argv);
  if (help) {
    out(usage);
    return 0;
  }
  const all = findFixtures(folder);
  const fixtures = only === undefined ? all : all.filter(({ name }) => name.startsWith(only));
  if (fixtures.length === 0) throw new UsageError(`parity: no fixture of ${folder} is called ${only}….`);
  const choice = await selectBackend({ backend });
  if (!asJson) out(`backend ${choice.backend}: ${choice.device}`);
  const results: Result[] = [];
  for (const fixture of fixtures) {
    const result = await runFixture(fixture);
    results.push(result);
    if (!asJson) out(fixtureText(result));
  }
  const { passed, failed, notImplemented } = totals(results);
  out(
    asJson
      ? json(results, choice.backend, choice.device)
      : `\n${passed} passed, ${failed} failed, ${notImplemented} not implemented`,
  );
  return failed > 0 || (strict && notImplemented > 0) ? 1 : 0;
}

/** The command line; returns the exit status and never throws for what a user can put right. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await run(argv, io);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof BackendError)) throw error;
    io.error(error.message);
    return 2;
  }
}
