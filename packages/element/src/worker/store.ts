import { type DownloadOptions, download, HttpError } from './download.js';
import { CorruptWeightsError } from './errors.js';
import { type Expected, verify } from './manifest.js';

/** A file of a model folder. */
export interface StoredFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly cached: boolean;
  readonly verified: 'sha256' | 'size' | 'none';
}

const storeName = 'gss-models-1';

/** Cache Storage, or nothing where the page may not use it (not secure, private windows). */
async function openStore(): Promise<Cache | undefined> {
  try {
    return await globalThis.caches?.open(storeName);
  } catch {
    return undefined;
  }
}

/** Storing is a convenience: a full disk must not fail a load. */
async function put(
  store: Cache | undefined,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
  etag?: string,
): Promise<void> {
  try {
    await store?.put(key, new Response(bytes, { headers: etag ? { 'x-gss-etag': etag } : {} }));
  } catch {
    await store?.delete(key).catch(() => false);
  }
}

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

/**
 * A file by its URL, verified. With a manifest the stored copy is taken if it is the very file; without one the network is asked, and the
 * stored copy serves when that cannot be reached. Undefined when the server has none.
 */
export async function fetchStored(
  url: string,
  { expected, ...options }: Pick<DownloadOptions, 'signal' | 'onBytes' | 'expected' | 'cache'>,
): Promise<StoredFile | undefined> {
  const store = await openStore();
  const key = expected ? `${url}?sha256=${expected.sha256}` : url;
  const partKey = `${url}?part=${expected?.sha256 ?? ''}`;
  const stored = await store?.match(key);
  if (stored && expected) {
    const bytes = await bytesOf(stored);
    try {
      const verified = await verify(bytes, expected, url);
      options.onBytes(bytes.length, bytes.length);
      return { bytes, cached: true, verified };
    } catch {
      await store?.delete(key); // damaged on this disk: fetched again
    }
  }
  try {
    const part = await store?.match(partKey);
    const partial = part && { bytes: await bytesOf(part), etag: part.headers.get('x-gss-etag') ?? undefined };
    const keep: DownloadOptions['keep'] = ({ bytes, etag }) => put(store, partKey, bytes, etag);
    const attempts = stored && !expected ? 1 : 4;
    const found = await downloadVerified(url, { ...options, expected, partial, keep, attempts });
    await store?.delete(partKey);
    for (const old of (await store?.keys(url, { ignoreSearch: true })) ?? []) await store?.delete(old);
    await put(store, key, found.bytes);
    return { ...found, cached: false };
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return undefined;
    if (stored && !expected && error instanceof TypeError)
      return { bytes: await bytesOf(stored), cached: true, verified: 'none' };
    throw error;
  }
}

/** Downloads and verifies; what does not fit is fetched once more past the browser's cache, from the start. */
async function downloadVerified(
  url: string,
  options: DownloadOptions & { readonly expected?: Expected | undefined },
): Promise<Pick<StoredFile, 'bytes' | 'verified'>> {
  const bytes = await download(url, options);
  try {
    return { bytes, verified: await verify(bytes, options.expected, url) };
  } catch (error) {
    if (!(error instanceof CorruptWeightsError)) throw error;
    const again = await download(url, { ...options, partial: undefined, cache: 'reload' });
    return { bytes: again, verified: await verify(again, options.expected, url) };
  }
}
