// Engines on test pages.
import type { Page } from 'playwright-core';
import type * as EngineModule from './engine/index.js';
import { type Size, scene, sizes } from './test-browser.js';

declare global {
  interface Window {
    gss: typeof EngineModule;
    engine: EngineModule.Engine;
  }
}

/** An engine as `window.engine`, with the tiny model unless told otherwise. */
export async function startEngine(
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

/** Segments a rendered street on the page. */
export const segmentScene = (page: Page, size: { readonly width: number; readonly height: number }) =>
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
    [scene(size), size.width, size.height] as const,
  );
export const segment = (page: Page, size: Size) => segmentScene(page, sizes[size]);

export const equalShare = (a: readonly number[], b: readonly number[]) =>
  a.filter((v, i) => v === b[i]).length / b.length;
