import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const packScript = join(here, 'pack.mjs');
const names = ['maskige', 'metrics', 'datasets'] as const;

/** npm's codes for a registry that cannot be reached. */
const unreachable =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED|ERR_SOCKET_TIMEOUT|E50[234])\b/;

interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; a status other than 0 is an answer, not an exception. */
export function run(command: string, args: readonly string[], cwd: string): Promise<Output> {
  const options = { cwd, maxBuffer: 2 ** 28, shell: command.endsWith('.cmd') };
  return new Promise((resolve) =>
    execFile(command, args, options, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ status, stdout, stderr: stderr || (error?.message ?? '') });
    }),
  );
}

/** As `run` with this Node; throws what the script wrote if it fails. */
export async function node(args: readonly string[], cwd: string): Promise<string> {
  const { status, stdout, stderr } = await run(process.execPath, args, cwd);
  if (status !== 0) throw new Error(`node ${args.join(' ')}: status ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Names each file that a package's manifest exports and its dist lacks. */
export function refuseUnbuilt(): void {
  for (const name of names) {
    const folder = join(root, 'packages', name);
    const { exports } = readManifest(folder);
    const missing = Object.values(exports)
      .flatMap((target) => Object.values(target))
      .filter((file) => !existsSync(join(folder, file)));
    if (missing.length)
      throw new Error(
        `consumer: packages/${name} is not built (no ${missing.join(', ')}). Run \`npm run setup\`, or \`npx tsup --config ../../tsup.package.ts\` in that folder.`,
      );
  }
}

interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

export interface Project {
  /** The temporary folder, for the caller to remove. */
  readonly folder: string;
  /** Why there is nothing in it: a registry out of reach. Absent when all went well. */
  readonly offline?: string;
}

/**
 * A plain npm project outside the workspace with the three packages as tarballs, and the scripts of `../project` in it.
 * @throws Error with npm's words when packing or installing fails for another reason than the network.
 */
export async function makeProject(): Promise<Project> {
  refuseUnbuilt();
  const folder = mkdtempSync(join(tmpdir(), 'gss-consumer-'));
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs);
  // npm brings pnpm too, so that both steps may find the registry out of reach.
  const packed = await run(process.execPath, [packScript, tarballs, ...names.map((name) => `@gss/${name}`)], root);
  if (packed.status !== 0) return { folder, offline: reasonOf('pack', packed) };
  const files = readdirSync(tarballs).map((file) => `./tarballs/${file}`);
  if (files.length !== names.length) throw new Error(`consumer: expected ${names.length} tarballs, got ${files}.`);
  cpSync(join(here, 'project'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "plain", "private": true, "type": "module" }\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const installed = await run(npm, ['install', ...options, ...files], folder);
  return installed.status === 0 ? { folder } : { folder, offline: reasonOf('install', installed) };
}

function reasonOf(step: string, { stdout, stderr }: Output): string {
  const [code] = unreachable.exec(stderr) ?? [];
  if (!code) throw new Error(`consumer: npm ${step} failed:\n${stdout}${stderr}`);
  return `npm cannot reach its registry to ${step}: ${code}`;
}

/** TypeScript's compiler of the workspace, run in a folder. */
export const tsc = (args: readonly string[], cwd: string): Promise<Output> =>
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...args], cwd);
