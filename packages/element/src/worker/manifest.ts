import { CorruptWeightsError } from './errors.js';

/** What a file of a model folder must be. */
export interface Expected {
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}
/** manifest.json of a model folder: `{ "files": { "model.safetensors": { "size": 123, "sha256": "…" }, … } }`. */
export type Manifest = ReadonlyMap<string, Expected>;

/** Reads a manifest. A page of HTML, which some hosts answer for files that are not there, counts as none. */
export function parseManifest(text: string, label: string): Manifest | undefined {
  if (text.trimStart().startsWith('<')) return undefined;
  const wrong = (message: string) =>
    new CorruptWeightsError(`${label}: ${message}. Expected {"files": {"model.safetensors": {"size", "sha256"}, …}}.`);
  let files: unknown;
  try {
    files = (JSON.parse(text) as { files?: unknown } | null)?.files;
  } catch (error) {
    throw wrong(`not JSON (${(error as Error).message})`);
  }
  if (typeof files !== 'object' || files === null) throw wrong('lacks "files"');
  const manifest = new Map<string, Expected>();
  for (const [name, value] of Object.entries(files as Record<string, Partial<Expected> | null>)) {
    const { size, sha256 } = value ?? {};
    if (typeof size !== 'number' || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
      throw wrong(`${name} lacks a size or a sha256 of 64 lower-case hexadecimal digits`);
    manifest.set(name, { size, sha256 });
  }
  return manifest;
}

/** Lower-case hexadecimal SHA-256, or undefined where the browser has none (pages that are not secure). */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) return undefined;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Refuses bytes that are not the manifest's. Returns how far they were checked. */
export async function verify(
  bytes: Uint8Array<ArrayBuffer>,
  expected: Expected | undefined,
  label: string,
): Promise<'sha256' | 'size' | 'none'> {
  if (!expected) return 'none';
  if (bytes.length !== expected.size)
    throw new CorruptWeightsError(
      `${label}: expected ${expected.size} bytes as manifest.json says, got ${bytes.length}. Load it again, or copy the model folder anew.`,
    );
  const found = await sha256(bytes);
  if (found === undefined) return 'size';
  if (found !== expected.sha256)
    throw new CorruptWeightsError(
      `${label}: it is damaged: expected sha256 ${expected.sha256} as manifest.json says, got ${found}. Load it again, or copy the model folder anew.`,
    );
  return 'sha256';
}
