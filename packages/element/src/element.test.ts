import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { findChromium, noChromium } from '@gss/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GssSegmenter } from './index.js';
import { openSite, type Site, scene, sizes } from './test-browser.js';

const executable = findChromium();
if (!executable) console.log(noChromium);
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}
declare global {
  interface Window {
    events: string[];
    axe: { run(): Promise<AxeResult> };
  }
}

/** A page with the element, its events gathered in `window.events`. */
const pageWith = (
  attributes: string,
) => `<!doctype html><html lang="en"><head><title>test</title><link rel="icon" href="data:,">
<script>window.events = []; for (const type of ['gss-ready', 'gss-progress', 'gss-result', 'gss-error'])
  document.addEventListener(type, (event) => events.push(type + ' ' + (event.detail.stage ?? event.detail.error?.message ?? '')));</script>
<script type="module" src="/dist/standalone/gss-segmenter.js"></script></head>
<body><main><h1>test</h1><gss-segmenter ${attributes}></gss-segmenter></main></body></html>`;

const element = (page: Page) => page.locator('gss-segmenter');
/** Waits for an event of the element. */
const until = (page: Page, type: string) =>
  page.waitForFunction((type) => window.events.some((event) => event.startsWith(type)), type, { timeout: 60_000 });
/** The class numbers of the result, and the colour of the canvas's first pixel. */
const state = (page: Page) =>
  element(page).evaluate((node) => {
    const segmenter = node as GssSegmenter;
    const canvas = segmenter.shadowRoot!.querySelector('canvas')!;
    const pixel = [...canvas.getContext('2d')!.getImageData(0, 0, 1, 1).data];
    return { labels: [...(segmenter.result?.labels ?? [])], pixel, size: [canvas.width, canvas.height] };
  });

describe.runIf(executable)('the element in a real browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
    const { page } = await site.open();
    const { width, height } = sizes.medium;
    const png = await page.evaluate(
      async ([rgba, width, height]) => {
        const canvas = new OffscreenCanvas(width, height);
        canvas.getContext('2d')!.putImageData(new ImageData(Uint8ClampedArray.from(rgba), width, height), 0, 0);
        return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())];
      },
      [scene(sizes.medium), width, height] as const,
    );
    site.files.set('/street.png', Uint8Array.from(png));
    await page.close();
  }, 200_000);
  afterAll(() => site?.close());

  test('segments what src names, shows views, tells events and what a screen reader needs', {
    timeout: 120_000,
  }, async () => {
    site.files.set('/page', pageWith('src="street.png" model="model/" backend="wasm" controls alt="A street"'));
    const { page, errors } = await site.open('/page');
    await until(page, 'gss-result');
    const events = await page.evaluate(() => window.events.map((event) => event.trim()));
    expect(events[0]).toBe('gss-progress load');
    expect(events.indexOf('gss-ready')).toBeLessThan(events.indexOf('gss-progress segment'));
    expect(events.at(-1)).toBe('gss-result');
    const { labels, pixel, size } = await state(page);
    expect(labels).toEqual(site.truth.medium.labels);
    expect(size).toEqual([128, 96]);

    const frame = page.getByRole('img');
    expect(await frame.getAttribute('aria-label')).toMatch(/^A street\. Segmented image: \w.* \d+ %/);
    expect(await page.getByRole('status').textContent()).toMatch(/^Segmented in \d+ milliseconds on wasm\.$/);

    // With the keyboard alone: from Overlay to Mask by the arrow, and the attribute follows.
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    expect(await element(page).getAttribute('view')).toBe('mask');
    const mask = await state(page);
    expect(mask.pixel).not.toEqual(pixel);
    expect(mask.pixel[3]).toBe(255);
    await element(page).evaluate((node) => node.setAttribute('opacity', '1'));
    await element(page).evaluate((node) => node.setAttribute('view', 'overlay'));
    await page.waitForFunction(() => document.querySelector('gss-segmenter')!.opacity === 1);
    expect((await state(page)).pixel).toEqual(mask.pixel); // an opaque overlay is the mask
    await element(page).evaluate((node) => node.setAttribute('view', 'image'));
    await element(page).evaluate((node) => (node as GssSegmenter).updateComplete);
    expect((await state(page)).pixel).toEqual(scene(sizes.medium).slice(0, 4));
    expect(errors).toEqual([]);

    await page.addScriptTag({ content: axeSource });
    const { violations } = await page.evaluate(() => window.axe.run());
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      element(page).evaluate((node) => (node as GssSegmenter).download('json')),
    ]);
    expect(download.suggestedFilename()).toBe('segmentation.json');
    const json = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(json).toMatchObject({ width: 128, height: 96 });
    expect(
      json.classes.map(({ share }: { share: number }) => share).reduce((a: number, b: number) => a + b),
    ).toBeCloseTo(1);
    const message = await element(page).evaluate((node) =>
      (node as GssSegmenter).download('gif' as 'mask').catch((error: Error) => error.message),
    );
    expect(message).toContain('expected mask, color, maskige, overlay, json');
    await page.close();
  });

  test('moved in the page it keeps its engine; elements share one; the last to leave ends it', async () => {
    site.files.set('/page', pageWith('model="model/" backend="wasm"'));
    const { page, errors } = await site.open('/page');
    await until(page, 'gss-ready');
    const found = await page.evaluate(async () => {
      const first = document.querySelector('gss-segmenter')!;
      const engine = await first.engine;
      const second = document.createElement('gss-segmenter');
      second.model = first.model;
      second.backend = first.backend;
      document.body.append(second);
      const shared = (await second.engine) === engine;
      document.body.append(first);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const kept = (await first.engine) === engine;
      first.remove();
      second.remove();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const ended = await engine.segment(new ImageData(32, 32)).catch((error: Error) => error.message);
      return { shared, kept, ended };
    });
    expect(found).toEqual({ shared: true, kept: true, ended: 'the engine was disposed' });
    expect(errors).toEqual([]);
    await page.close();
  });

  test('errors are told by an event, an alert and nothing on the console but the missing file', async () => {
    site.files.set('/page', pageWith('src="none.png" model="model/" backend="wasm"'));
    const { page } = await site.open('/page');
    await until(page, 'gss-error');
    expect(await page.getByRole('alert').textContent()).toBe('none.png could not be read (the server answered 404).');
    await element(page).evaluate((node) => node.setAttribute('src', 'street.png'));
    await until(page, 'gss-result');
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.close();
  });

  test('a new image cancels the old one', async () => {
    site.files.set('/page', pageWith('model="model/" backend="wasm"'));
    const { page } = await site.open('/page');
    await until(page, 'gss-ready');
    const found = await page.evaluate(async () => {
      const segmenter = document.querySelector('gss-segmenter')!;
      const first = segmenter.segment(new ImageData(1500, 1100));
      const second = segmenter.segment(new ImageData(48, 32));
      const outcomes = await Promise.allSettled([first, second]);
      return outcomes.map((one) => (one.status === 'fulfilled' ? one.value.width : one.reason.name));
    });
    expect(found).toEqual(['AbortError', 48]);
    expect(await page.evaluate(() => window.events.filter((event) => event.startsWith('gss-error')))).toEqual([]);
    await page.close();
  });

  test('the example page works from static files; the page stays free while the worker computes', {
    timeout: 120_000,
  }, async () => {
    for (const name of ['config.json', 'model.safetensors', 'manifest.json'])
      site.files.set(`/example/model/${name}`, readFileSync(`${site.folder}/model/${name}`));
    const { page, errors } = await site.open('/example/index.html');
    await page.evaluate(() => {
      window.events = [];
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.events.push(`long ${duration}`);
      }).observe({ type: 'longtask', buffered: true });
    });
    await page.setInputFiles('#file', {
      name: 'street.png',
      mimeType: 'image/png',
      buffer: Buffer.from(site.files.get('/street.png')!),
    });
    await page.waitForSelector('#classes li', { timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
    expect(download.suggestedFilename()).toBe('segmentation.mask.png');
    const long = (await page.evaluate(() => window.events)).map((event) => Number(event.split(' ')[1]));
    console.log(`longest task on the example page: ${long.length ? Math.max(...long) : 'below 50'} ms`);
    expect(errors).toEqual([]);
    await page.close();
  });
});
