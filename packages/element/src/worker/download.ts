import type { Expected } from './manifest.js';

/** Bytes of a file so far, and what proves that a later part belongs to them. */
interface Partial {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string | undefined;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Bytes there of all; `total` is undefined where the server does not tell. */
  readonly onBytes: (done: number, total: number | undefined) => void;
  readonly expected?: Expected | undefined;
  /** `reload` goes past the browser's own cache. */
  readonly cache?: RequestCache;
  /** What an earlier attempt left. */
  readonly partial?: Partial | undefined;
  /** How often it is tried, default 4; 1 where there is a copy to fall back on. */
  readonly attempts?: number;
  /** Keeps what is there when it breaks off. */
  readonly keep?: (partial: Partial) => Promise<void>;
}

/** The server answered, but not with the file. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    url: string,
    readonly status: number,
  ) {
    super(`load: ${url} answered ${status}. Look at the address, or try again later.`);
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Where the bytes of a 206 answer start, or 0 for the whole file. */
function startOf(response: Response): number | undefined {
  if (response.status !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

/** How long the whole file is; compressed answers tell only how long they are themselves. */
function totalOf(response: Response, start: number, expected: Expected | undefined): number | undefined {
  if (expected) return expected.size;
  if (response.headers.get('content-encoding')) return undefined;
  const length = response.headers.get('content-length');
  return length === null ? undefined : start + Number(length);
}

function join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * Downloads a file. When the connection breaks it goes on where it was, by a Range request, up to three times; what is there is then kept
 * for the next time. It goes on only where an ETag or the manifest's hash tells parts of different files apart.
 * @throws HttpError for answers that are no file (404 too); TypeError where the network fails; the signal's reason.
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, onBytes, expected, keep, attempts = 4 } = options;
  let chunks: Uint8Array[] = options.partial ? [options.partial.bytes] : [];
  let etag = options.partial?.etag;
  const sameOrigin = new URL(url).origin === globalThis.location.origin;
  const resumable = () => chunks.length > 0 && (expected !== undefined || (etag !== undefined && sameOrigin));
  const have = () => chunks.reduce((sum, { length }) => sum + length, 0);
  for (let attempt = 1; ; attempt++) {
    try {
      const headers: Record<string, string> = {};
      if (resumable()) {
        headers.range = `bytes=${have()}-`;
        if (etag !== undefined && sameOrigin) headers['if-range'] = etag; // elsewhere it would need a preflight
      }
      const response = await fetch(url, { signal, headers, ...(options.cache ? { cache: options.cache } : {}) });
      if (response.status === 416) {
        chunks = [];
        continue;
      }
      if (!response.ok || !response.body) throw new HttpError(url, response.status);
      const start = startOf(response);
      if (start !== have()) chunks = [];
      if (start === undefined || (start !== 0 && chunks.length === 0)) continue; // not the part that was asked for
      etag = response.headers.get('etag') ?? undefined;
      const total = totalOf(response, start, expected);
      const reader = response.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        chunks.push(part.value);
        onBytes(have(), total);
      }
      if (total !== undefined && have() < total)
        throw new TypeError(`load: ${url} broke off after ${have()} of ${total} bytes.`);
      return join(chunks);
    } catch (error) {
      const broken = error instanceof TypeError;
      if (broken && attempt < attempts && !signal.aborted && navigator.onLine !== false) {
        await pause(200 * 2 ** attempt);
        continue;
      }
      if (chunks.length && (broken || signal.aborted)) await keep?.({ bytes: join(chunks), etag });
      throw error;
    }
  }
}
