import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Path of a Chromium: the environment variable CHROMIUM, else one on the PATH, else undefined. */
export function findChromium(): string | undefined {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** What to say where there is none. */
export const noChromium =
  'skipped: browser tests (no chromium on the PATH; install it, e.g. apt-get install chromium, or set CHROMIUM to its path)';

/** Flags for a headless run: WebGPU on a software adapter, no sandbox in containers, no traffic of its own. */
export const chromiumFlags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
