import { parseArgs } from 'node:util';
import { asNativeError, NativeError } from './errors.js';
import { installNative } from './install.js';
import type { NativeProgress } from './progress.js';
import { removeNative } from './remove.js';
import { selfTestNative } from './self-test.js';
import { nativeStatus } from './status.js';

const usage = `gss-native: libtensorflow for @tensorflow/tfjs-node-gpu, out of TensorFlow's wheel

  gss-native install [--gpu] [--version V] [--from WHEEL]   provision the project and test it
  gss-native status                                         what is provisioned; exit code 1 if not ready
  gss-native remove [--cache]                               take it out (and delete the cache)

  --project DIR   the project's folder (default: here)
  --json          one JSON object on stdout, nothing else
`;

/** Where a command line writes; the process's own streams outside tests. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** True if `err` is a terminal: progress then redraws one line. */
  readonly interactive: boolean;
}

/** Runs one command. @returns the exit code: 0, 1 if it failed or is not ready, 2 for a wrong call */
export async function main(argv: readonly string[], streams: Streams, signal?: AbortSignal): Promise<number> {
  const parsed = parse(argv);
  if (typeof parsed === 'string') {
    streams.err(`${parsed}\n\n${usage}`);
    return 2;
  }
  const { values, command } = parsed;
  if (values.help) {
    streams.out(usage);
    return 0;
  }
  try {
    const { text, json, ok } = await execute(command, values, streams, signal);
    streams.out(values.json ? `${JSON.stringify(json)}\n` : text);
    return ok ? 0 : 1;
  } catch (thrown) {
    const error = asNativeError(thrown, command);
    if (!(error instanceof NativeError)) throw error;
    streams.err(`${error.message}\n`);
    if (values.json) streams.out(`${JSON.stringify({ error: { code: error.code, message: error.message } })}\n`);
    return 1;
  }
}

const options = {
  gpu: { type: 'boolean' },
  version: { type: 'string' },
  from: { type: 'string' },
  project: { type: 'string' },
  cache: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const allowed: Readonly<Record<string, readonly string[]>> = {
  install: ['gpu', 'version', 'from'],
  status: [],
  remove: ['cache'],
};

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

function parse(argv: readonly string[]): { values: Values; command: string } | string {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    if (values.help) return { values, command: 'help' };
    const [command = '', ...rest] = positionals;
    const flags = allowed[command];
    if (!flags || rest.length > 0)
      return `gss-native: expected install, status or remove, got ${positionals.join(' ') || 'nothing'}`;
    const wrong = Object.keys(values).find((name) => ![...flags, 'project', 'json'].includes(name));
    return wrong ? `gss-native: ${command} has no option --${wrong}` : { values, command };
  } catch (error) {
    return `gss-native: ${error instanceof Error ? error.message : String(error)}`;
  }
}

interface Outcome {
  readonly text: string;
  readonly json: unknown;
  readonly ok: boolean;
}

async function execute(
  command: string,
  values: Values,
  streams: Streams,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const projectDir = values.project ?? process.cwd();
  if (command === 'status') {
    const status = await nativeStatus(projectDir);
    const packages = status.packages.map(({ path, version, state, tensorflow, gpu, problems }) =>
      [
        `${path} (${version}): ${state}${tensorflow ? `, TensorFlow ${tensorflow}${gpu ? ' (CUDA)' : ''}` : ''}`,
        ...problems.map((problem) => `  ${problem}`),
      ].join('\n'),
    );
    const cache = `cache: ${status.cache.path}, ${Math.round(status.cache.bytes / 1e6)} MB`;
    return { text: `${[...packages, cache, ...status.advice].join('\n')}\n`, json: status, ok: status.ready };
  }
  if (command === 'remove') {
    const result = await removeNative(projectDir, { cache: values.cache ?? false });
    const packages = result.packages.map(
      ({ path, changed }) => `${path}: ${changed ? 'removed' : 'nothing to remove'}`,
    );
    const left = values.cache
      ? `cache: ${Math.round(result.freed / 1e6)} MB freed`
      : `cache: ${Math.round(result.cache.bytes / 1e6)} MB kept in ${result.cache.path} (--cache deletes it)`;
    return { text: `${[...packages, left].join('\n')}\n`, json: result, ok: true };
  }
  const { gpu = false, version, from } = values;
  const result = await installNative({
    gpu,
    ...(version === undefined ? {} : { version }),
    ...(from === undefined ? {} : { from }),
    ...(signal ? { signal } : {}),
    projectDir,
    onProgress: progressPrinter(streams),
  });
  const selfTest = await selfTestNative({ projectDir, ...(signal ? { signal } : {}) });
  const verdict =
    'tensorflow' in selfTest && selfTest.ok
      ? `self-test passed: TensorFlow ${selfTest.tensorflow} on ${selfTest.device}, ${selfTest.gflops} GFLOPS, largest error ${selfTest.largestError.toExponential(1)}`
      : `self-test failed: ${selfTest.reason}`;
  // TensorFlow falls back to the processor without an error: who asked for a GPU should hear of it.
  const idle =
    gpu && 'device' in selfTest && selfTest.device === 'cpu'
      ? 'TensorFlow sees no GPU: is the NVIDIA driver installed (nvidia-smi)?\n'
      : '';
  return { text: `${verdict}\n${idle}`, json: { ...result, selfTest }, ok: selfTest.ok };
}

/** Prints each new message once; on a terminal also percentages, on one line. */
export function progressPrinter({ err, interactive }: Streams): (progress: NativeProgress) => void {
  let last = '';
  let drawn = false;
  return ({ message, bytes, total }) => {
    if (interactive && bytes !== undefined && bytes > 0) {
      const share = total ? ` ${Math.min(100, Math.floor((100 * bytes) / total))} %` : '';
      err(`\r\x1b[K${message} ${Math.round(bytes / 1e6)} MB${share}`);
      drawn = true;
      last = message;
      return;
    }
    if (message === last) return;
    err(`${drawn ? '\n' : ''}${message}\n`);
    drawn = false;
    last = message;
  };
}
