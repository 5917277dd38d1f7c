import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NativeError } from './errors.js';
import { folderSize, makeFolder } from './files.js';
import { compareVersions } from './platform.js';
import { lastLines, type RunResult, run } from './run.js';

/** A program that speaks to the Python package index: pip in one of its guises, or uv running pip. */
export interface PypiClient {
  readonly command: string;
  readonly args: readonly string[];
  /** pip's version. */
  readonly version: string;
}

/** uv itself has no `download`; it runs pip from its own tool environment. */
const candidates: readonly (readonly [string, ...string[]])[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['pip'],
  ['python', '-m', 'pip'],
  ['uv', 'tool', 'run', 'pip'],
];

/** The first pip that takes several `--platform`. */
const oldestPip = '20.3';

export interface ClientOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The first usable client on the PATH. @throws NativeError `NO_PYPI_CLIENT`, with what was tried */
export async function findClient({ env, signal }: ClientOptions = {}): Promise<PypiClient> {
  const tried: string[] = [];
  for (const [command, ...args] of candidates) {
    const { code, stdout, stderr, missing } = await run(command, [...args, '--version'], { env, signal });
    const version = /^pip (\d[\w.]*)/m.exec(stdout)?.[1];
    if (code === 0 && version && compareVersions(version, oldestPip) >= 0) return { command, args, version };
    const why = missing
      ? 'not found'
      : version
        ? `pip ${version} is older than ${oldestPip}`
        : `does not run (${lastLines(stderr, 1)})`;
    tried.push(`${[command, ...args].join(' ')}: ${why}`);
  }
  throw new NativeError(
    'NO_PYPI_CLIENT',
    `native: expected pip ≥ ${oldestPip} or uv on the PATH, got none:\n  ${tried.join('\n  ')}\nInstall one of them (for instance python3-pip), or pass a wheel that you have: --from WHEEL.`,
  );
}

export interface DownloadOptions extends ClientOptions {
  /** Requirements as pip reads them: `tensorflow-cpu==2.21.0`. */
  readonly requirements: readonly string[];
  /** Wheel platform tags, any of which will do. */
  readonly tags: readonly string[];
  /** Python version whose wheels are taken, `3.12`. */
  readonly python: string;
  /** Folder for the wheels. */
  readonly dest: string;
  /** Folder for the client's own unfinished files, on the same disk. */
  readonly temporary: string;
  /** Hears how many bytes have arrived, twice a second. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Fetches wheels, without their dependencies and without running anything in them, and returns their paths. The client's
 * own configuration (index, proxy, certificates) holds; it checks each wheel against the hash that its index states.
 *
 * @throws NativeError `NETWORK`, `NO_SUCH_VERSION`, `HASH_MISMATCH`, `DISK_FULL`, `NO_PERMISSION`, `CLIENT_FAILED`
 */
export async function download(client: PypiClient, options: DownloadOptions): Promise<string[]> {
  const { requirements, tags, python, dest, temporary, env = process.env, signal, onBytes } = options;
  await Promise.all([makeFolder(dest), makeFolder(temporary)]);
  const args = [
    ...client.args,
    'download',
    '--no-deps',
    '--only-binary=:all:',
    ...tags.flatMap((tag) => ['--platform', tag]),
    ...['--python-version', python, '--implementation', 'cp'],
    ...['--dest', dest],
    // The wheel is taken apart and cached here: pip's own copy would double the space.
    ...['--no-cache-dir', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'],
    ...requirements,
  ];
  const timer = setInterval(() => {
    void Promise.all([folderSize(dest), folderSize(temporary)]).then(([a, b]) => onBytes?.(Math.max(a, b)));
  }, 500);
  try {
    const result = await run(client.command, args, { signal, env: { ...env, TMPDIR: temporary } });
    if (result.code !== 0) throw clientError(result, requirements);
  } finally {
    clearInterval(timer);
  }
  return (await readdir(dest)).filter((name) => name.endsWith('.whl')).map((name) => join(dest, name));
}

const symptoms: readonly (readonly [RegExp, NativeError['code'], string])[] = [
  [
    /No space left on device|Disk quota exceeded/i,
    'DISK_FULL',
    'Free some space, or set GSS_CACHE to a folder on a larger disk.',
  ],
  [
    /DO NOT MATCH THE HASHES|hash(es)? mismatch/i,
    'HASH_MISMATCH',
    'The index sent other bytes than it promised: try again, or use another mirror.',
  ],
  [
    /NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|Max retries exceeded|Connection (refused|reset|broken|aborted)|Name or service not known|Temporary failure in name resolution|nodename nor servname|Network is unreachable|ProxyError|SSLError|SSLCertVerification|HTTP error (401|403|407|5\d\d)|\b(401|403|407) (Client )?Error|error sending request/i,
    'NETWORK',
    'Check the connection, the proxy and the index that pip is set to; or pass a wheel that you have: --from WHEEL.',
  ],
  [
    /No matching distribution|Could not find a version/i,
    'NO_SUCH_VERSION',
    'Choose another with --version; PyPI lists those that exist.',
  ],
  [
    /Permission denied|Read-only file system/i,
    'NO_PERMISSION',
    'Run as the user who owns that folder, or set GSS_CACHE to one you may write.',
  ],
];

/** Why the client failed, from what it said. The network comes before "no such version": an unreachable index lists none. */
export function clientError({ stdout, stderr }: RunResult, requirements: readonly string[]): NativeError {
  // One line for each retry would hide what matters.
  const said = `${stdout}\n${stderr}`.replace(/(^WARNING: Retrying .*\n)+(?=WARNING: Retrying )/gm, '');
  const [, code, remedy] = symptoms.find(([pattern]) => pattern.test(said)) ?? [
    undefined,
    'CLIENT_FAILED' as const,
    'Run the same requirement with pip by hand to see more.',
  ];
  const wanted = requirements.length > 1 ? `${requirements.length} wheels` : requirements.join('');
  return new NativeError(code, `native: the PyPI client could not bring ${wanted}:\n  ${lastLines(said)}\n${remedy}`);
}
