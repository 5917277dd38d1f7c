// What the demo's browser tests share: a model with random weights, the built page, its server, Chromium.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderStreetScene } from '@gss/datasets';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import { selectBackend } from '@gss/tensor/node';
import { chromiumFlags, findChromium } from '@gss/testing';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';
// The element's own test model: packages have no exports for tests.
import { makeTestModel, nanoConfig } from '../../../packages/element/src/test-model.js';
import type { GssDemo } from './app.js';

const demo = fileURLToPath(new URL('..', import.meta.url));
const shippedWeights = join(demo, '..', '..', 'weights');
/** What is seen of the page. */
export const viewport = { width: 1160, height: 860 };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const wait = { timeout: 120_000 };
export const demoOf = (page: Page) => page.locator('gss-demo');

/** Waits until a picture is segmented, or an error is told. */
export const done = (page: Page) =>
  page.waitForFunction(
    () => {
      const session = document.querySelector<GssDemo>('gss-demo')?.session;
      return session?.error || (session?.result && !session.task);
    },
    undefined,
    wait,
  );

/** What axe finds wrong, as text. */
export async function accessibility(page: Page): Promise<string[]> {
  // The page's own policy forbids script tags: it is run as the browser's console would.
  return page.evaluate(async (source) => {
    interface Axe {
      run(
        options: object,
      ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
    }
    const scope = window as unknown as { axe?: Axe };
    if (!scope.axe) {
      const script = document.createElement('script');
      script.src = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      await new Promise((resolve) => {
        script.onload = resolve;
        document.head.append(script);
      });
    }
    const { violations } = await scope.axe!.run({ resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`),
    );
  }, axe);
}

export interface DemoSite {
  readonly address: string;
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What was written to the console as an error, or thrown. */
  readonly errors: readonly string[];
  /** Node's labels of the first scene. */
  readonly truth: Uint8Array;
  /** For files of the test, gone when it closes. */
  readonly folder: string;
  close(): Promise<void>;
}

/**
 * Builds the page with the test model, or the shipped ones, serves it with its headers, and opens a page that is still blank; needs
 * Chromium.
 */
export async function openDemo({ shipped = false } = {}): Promise<DemoSite> {
  const folder = mkdtempSync(join(tmpdir(), 'gss-demo-'));
  await selectBackend({ backend: 'wasm' });
  const weights = shipped ? shippedWeights : join(folder, 'weights');
  const model = join(weights, 'synthetic-streets');
  const segmenter = await (shipped ? loadSegmenterFolder(model) : makeTestModel(model, nanoConfig));
  const { image } = renderStreetScene({ seed: 1, index: 0, width: 256, height: 192, split: 'test' });
  const prediction = await segmenter.predict(image);
  const truth = (await prediction.labels()).data as Uint8Array;
  prediction.dispose();
  segmenter.dispose();
  process.env.GSS_WEIGHTS = weights;
  process.env.GSS_MODEL = join(folder, 'none');
  process.env.NODE_ENV = 'production'; // vitest's own would build the page for development, without a service worker
  const outDir = join(folder, 'dist');
  await build({ root: demo, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const server = await preview({ root: demo, logLevel: 'error', preview: { port: 0 }, build: { outDir } });
  const media = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  const browser = await chromium.launch({
    executablePath: findChromium()!,
    headless: true,
    args: [...chromiumFlags, ...media],
  });
  const context = await browser.newContext({ viewport, colorScheme: 'light', acceptDownloads: true });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !errors.includes(message.text())) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  return {
    address: `http://localhost:${(server.httpServer.address() as { port: number }).port}/`,
    browser,
    context,
    page,
    errors,
    truth,
    folder,
    async close() {
      await browser.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
