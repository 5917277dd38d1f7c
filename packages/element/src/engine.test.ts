import { findChromium, noChromium } from '@gss/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as EngineModule from './engine/index.js';
import { openSite, type Site, type Size, scene, sizes } from './test-browser.js';

type Engine = EngineModule.Engine;
declare global {
  interface Window {
    gss: typeof EngineModule;
    engine: Engine;
  }
}

const executable = findChromium();
if (!executable) console.log(noChromium);

/** An engine as `window.engine`, with the tiny model unless told otherwise. */
async function startEngine(
  page: Page,
  options: EngineModule.EngineOptions = {},
  model: string | null = 'model',
): Promise<void> {
  await page.waitForFunction(() => window.gss);
  await page.evaluate(
    async ([options, model]) => {
      window.engine = await window.gss.createEngine(options);
      if (model !== null) await window.engine.load(model);
    },
    [options, model] as const,
  );
}

/** Segments a scene on the page. */
const segment = (page: Page, size: Size) =>
  page.evaluate(
    async ([rgba, width, height]) => {
      const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
      const { labels, tokens, shares, timings, maskige, confidence } = await window.engine.segment(image);
      return {
        labels: [...labels],
        tokens: [...tokens.data],
        shares,
        timings,
        bytes: [maskige.length, confidence.length],
      };
    },
    [scene(sizes[size]), sizes[size].width, sizes[size].height] as const,
  );

const equalShare = (a: readonly number[], b: readonly number[]) => a.filter((v, i) => v === b[i]).length / b.length;

describe.runIf(executable)('the engine in a real browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  }, 200_000);
  afterAll(() => site?.close());

  test.each([
    ['wasm', 'medium'],
    ['webgl', 'small'],
    ['webgpu', 'small'],
  ] as const)('%s gives the labels that Node gives', { timeout: 300_000 }, async (backend, size) => {
    const { page, errors } = await site.open();
    await startEngine(page, { backend });
    expect(await page.evaluate(() => window.engine.backend.name)).toBe(backend);
    const began = Date.now();
    const { labels, tokens, shares, timings, bytes } = await segment(page, size);
    console.log(backend, Date.now() - began, timings, await page.evaluate(() => window.engine.backend));
    const pixels = sizes[size].width * sizes[size].height;
    expect(bytes).toEqual([4 * pixels, pixels]);
    expect(new Set(labels).size).toBeGreaterThan(2);
    expect(equalShare(labels, site.truth[size].labels)).toBeGreaterThanOrEqual(0.999);
    expect(equalShare(tokens, site.truth[size].tokens)).toBeGreaterThanOrEqual(0.99);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    expect(errors).toEqual([]);
    await page.close();
  });
});
