import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NativeError } from './errors.js';
import type { Fetch } from './fetch-runtime.js';
import { assertSpace, sha256OfFile, statOrUndefined } from './files.js';
import type { WheelSource } from './obtain-wheels.js';
import { pins } from './pins.js';
import { distributionOf, platformTags, type Target, tagFits } from './platform.js';
import type { RuntimeFile, RuntimeWheel } from './runtime.js';
import { extractMember, parseWheelName, type Wheel, withWheel } from './wheel.js';

/** What was taken out of one wheel, for the manifest. */
export interface Unpacked {
  readonly distribution: string;
  readonly version: string;
  readonly wheel: RuntimeWheel;
  readonly files: readonly RuntimeFile[];
}

/** Progress is told every so many bytes. */
const step = 16_000_000;

/**
 * Checks a wheel and streams the selected members (member → place in the runtime) out of it, each checked against RECORD.
 * A downloaded wheel is deleted afterwards: what was taken out of it is what is cached.
 *
 * @throws NativeError `HASH_MISMATCH` if the wheel is a pinned one with other bytes, or a member differs from RECORD
 */
export async function unpackWheel(
  fetch: Fetch,
  { path, origin }: WheelSource,
  select: (wheel: Wheel) => Promise<ReadonlyMap<string, string>>,
): Promise<Unpacked> {
  const { cache, out, signal, onProgress } = fetch;
  const { file, distribution, version } = parseWheelName(path);
  onProgress({ stage: 'verify', message: `checking ${file}` });
  const { sha256, pinned } = await hashOf(path, file, signal);
  const files = await withWheel(path, async (wheel) => {
    const selected = await select(wheel);
    const total = [...selected.keys()].reduce((sum, member) => sum + (wheel.record.get(member)?.size ?? 0), 0);
    await assertSpace(cache.root, total, `unpacking ${file}`);
    const extracted: RuntimeFile[] = [];
    let bytes = 0;
    let told = 0;
    for (const [member, place] of selected) {
      const recorded = await extractMember(wheel, member, join(out, place), {
        // Wheels carry tools without their executable bit.
        mode: place.includes('/bin/') ? 0o755 : 0o644,
        signal,
        onChunk: (length) => {
          bytes += length;
          if (bytes - told < step && bytes < total) return;
          told = bytes;
          onProgress({ stage: 'extract', message: `unpacking ${file}`, bytes, total });
        },
      });
      extracted.push({ path: place, ...recorded });
    }
    return extracted;
  });
  if (origin === 'index') await rm(path, { force: true });
  return { distribution, version, wheel: { file, sha256, verified: pinned ? 'pinned' : origin }, files };
}

async function hashOf(
  path: string,
  file: string,
  signal: AbortSignal | undefined,
): Promise<{ sha256: string; pinned: boolean }> {
  if (!(await statOrUndefined(path))?.isFile())
    throw new NativeError('BAD_WHEEL', `native: expected a wheel, got no such file: ${path}. Check the path.`);
  const sha256 = await sha256OfFile(path, signal);
  const pin = pins[file];
  if (pin && pin.sha256 !== sha256)
    throw new NativeError(
      'HASH_MISMATCH',
      `native: ${file}: expected sha256 ${pin.sha256}, got ${sha256}. The wheel was changed or damaged: nothing of it was kept. Download it again.`,
    );
  return { sha256, pinned: pin !== undefined };
}

/** @throws NativeError if a wheel is for another machine or of another distribution than is needed */
export function assertFits(wheel: Wheel, target: Target, gpu: boolean): void {
  const expected = distributionOf(target, gpu);
  // The larger build also runs without a GPU: who has that wheel need not fetch the small one.
  if (wheel.distribution !== expected && wheel.distribution !== 'tensorflow')
    throw new NativeError(
      'BAD_WHEEL',
      `native: expected a wheel of ${expected}, got ${wheel.file}.${gpu ? ' The CUDA build is in the one called tensorflow.' : ''}`,
    );
  if (!tagFits(target, wheel.platform))
    throw new NativeError(
      'UNSUPPORTED_PLATFORM',
      `native: expected a wheel for ${target.platform} ${target.arch}, got ${wheel.file}. Take the one with tag ${platformTags(target)[0]} or a similar one.`,
    );
}
