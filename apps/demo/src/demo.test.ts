import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderStreetScene } from '@gss/datasets';
import { selectBackend } from '@gss/tensor/node';
import { chromiumFlags, findChromium, noChromium } from '@gss/testing';
import { decode } from 'fast-png';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GssDemo } from './app.js';
import { makeTestModel } from './test-model.js';
import { text } from './text.js';

const executablePath = findChromium();
if (!executablePath) console.log(noChromium);

const demo = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gss-demo-'));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const views = ['segment', 'play', 'codec', 'learn'] as const;
const wait = { timeout: 60_000 };

/** What axe finds wrong, as text. */
async function accessibility(page: Page): Promise<string[]> {
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

const demoOf = (page: Page) => page.locator('gss-demo');
const done = (page: Page) =>
  page.waitForFunction(
    () => {
      const session = document.querySelector<GssDemo>('gss-demo')?.session;
      return session?.error || (session?.result && !session.task);
    },
    undefined,
    wait,
  );

describe.runIf(executablePath)('the demo in a real browser', () => {
  let server: PreviewServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let address: string;
  let truth: Uint8Array;
  const errors: string[] = [];

  beforeAll(async () => {
    await selectBackend({ backend: 'wasm' });
    const segmenter = await makeTestModel(join(folder, 'weights', 'synthetic-streets'));
    const { image } = renderStreetScene({ seed: 1, index: 0, width: 256, height: 192, split: 'test' });
    const prediction = await segmenter.predict(image);
    truth = (await prediction.labels()).data as Uint8Array;
    prediction.dispose();
    segmenter.dispose();
    process.env.GSS_WEIGHTS = join(folder, 'weights');
    process.env.GSS_MODEL = join(folder, 'none');
    process.env.NODE_ENV = 'production'; // vitest's own would build the page for development, without a service worker
    const outDir = join(folder, 'dist');
    await build({ root: demo, logLevel: 'error', build: { outDir, emptyOutDir: true } });
    server = await preview({ root: demo, logLevel: 'error', preview: { port: 0 }, build: { outDir } });
    address = `http://localhost:${(server.httpServer.address() as { port: number }).port}/`;
    const media = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
    browser = await chromium.launch({
      executablePath: executablePath!,
      headless: true,
      args: [...chromiumFlags, ...media],
    });
    context = await browser.newContext({ viewport: { width: 1200, height: 900 }, acceptDownloads: true });
    page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' && !errors.includes(message.text())) errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('segments a scene on wasm as Node does, without long tasks', { timeout: 120_000 }, async () => {
    await page.addInitScript(() => {
      const seen: number[] = [];
      Object.assign(window, { longTasks: seen });
      new PerformanceObserver((list) => seen.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      });
    });
    await page.goto(`${address}?backend=wasm`);
    await done(page);
    const found = await demoOf(page).evaluate((element: GssDemo) => {
      const { error, backend, result, model } = element.session;
      return { error, backend, model, labels: [...(result?.labels ?? [])], tokens: result?.tokens.width };
    });
    expect(found.error).toBe('');
    expect(found.backend?.name).toBe('wasm');
    expect(found.model?.verified).toBe('sha256');
    expect(found.labels).toHaveLength(truth.length);
    expect(new Set(truth).size).toBeGreaterThan(2);
    expect(found.labels.filter((label, i) => label === truth[i]).length / truth.length).toBeGreaterThanOrEqual(0.999);
    // Durations are of the clock: on a busy machine the best of three tells what the page's own code takes.
    const longest: number[] = [];
    while (longest.length < 3 && !longest.some((duration) => duration < 100)) {
      await page.evaluate(() => {
        (window as unknown as { longTasks: number[] }).longTasks.length = 0;
      });
      await page.click('#scene');
      await page.waitForSelector('#cancel', { ...wait, state: 'attached' });
      await done(page);
      await page.waitForTimeout(300);
      const seen = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
      longest.push(Math.max(0, ...seen));
    }
    console.log(`longest task of a segmentation: ${longest.map(Math.round).join(', ')} ms (0: none above 50)`);
    expect(Math.min(...longest)).toBeLessThan(100);
  });

  test('reads out the pixel under the pointer and shows one class alone', async () => {
    const mask = page.locator('demo-picture canvas').nth(2);
    await mask.hover({ position: { x: 40, y: 30 } });
    await expect.poll(() => page.textContent('#readout')).toMatch(/confidence \d+ %, at \d+, \d+/);
    await mask.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.textContent('#readout')).toMatch(/confidence/);
    const before = await mask.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    const first = page.locator('.legend button').first();
    await first.click();
    expect(await first.getAttribute('aria-pressed')).toBe('true');
    await expect.poll(() => mask.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL())).not.toBe(before);
    await first.click();
    await expect.poll(() => mask.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL())).toBe(before);
    const shares = await demoOf(page).evaluate((element: GssDemo) => [...element.session.result!.shares]);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  });

  test('saves class ids and figures', async () => {
    const save = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(`[data-download=${name}]`)]);
      return readFileSync((await download.path())!);
    };
    const labels = await demoOf(page).evaluate((element: GssDemo) => [...element.session.result!.labels]);
    const ids = decode(await save('indexPng'), { checkCrc: true });
    expect([...ids.data]).toEqual(labels);
    const figures = JSON.parse((await save('json')).toString()) as { width: number; classes: { share: number }[] };
    expect([figures.width, figures.classes.length]).toEqual([256, 13]);
    for (const name of ['colourPng', 'maskigePng']) expect(decode(await save(name)).width).toBe(256);
  });

  test('cancels, and goes on afterwards', { timeout: 90_000 }, async () => {
    const cancelled = await demoOf(page).evaluate(async (element: GssDemo) => {
      const { session } = element;
      const image = new ImageData(1500, 1100);
      const running = session.segment({ image, name: 'large', kind: 'scene' });
      await new Promise((resolve) => setTimeout(resolve, 50));
      document.querySelector<HTMLButtonElement>('#cancel')!.click();
      const began = performance.now();
      return {
        result: await running,
        after: performance.now() - began,
        message: session.message,
        width: session.result!.width,
      };
    });
    expect(cancelled).toMatchObject({ message: text.cancelled, width: 256 });
    expect(cancelled.result).toBeUndefined();
    expect(cancelled.after).toBeLessThan(2000);
    await page.click('#scene');
    await page.waitForSelector('#cancel', wait);
    await done(page);
    expect(await demoOf(page).evaluate((element: GssDemo) => element.session.error)).toBe('');
  });

  test('Play draws masks, recodes what is painted, and swaps palettes without changing the mask', async () => {
    await page.click('#tab-play');
    await page.waitForSelector('#draw', wait);
    await expect.poll(() => page.locator('#recoded demo-picture').count(), wait).toBe(3);
    await page.click('#draw');
    await expect.poll(() => page.locator('#samples demo-picture').count(), wait).toBe(7);
    await expect.poll(() => page.textContent('play-tokens .live')).toContain('0 of ');
    const painter = page.locator('play-tokens canvas.paint');
    await page.locator('play-tokens input[type=radio]').nth(4).check();
    await painter.click({ position: { x: 60, y: 60 } });
    await expect.poll(() => page.textContent('play-tokens .live'), wait).toMatch(/^[1-9]\d* of \d+ tokens changed/);
    expect(await page.textContent('play-palettes .live')).toBe(text.play.same);
    const maskige = () =>
      page
        .locator('#swapped canvas')
        .first()
        .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    const before = await maskige();
    await page.locator('play-palettes select').selectOption('maximal');
    await expect.poll(maskige).not.toBe(before);
    expect(await page.textContent('play-palettes .live')).toBe(text.play.same);
  }, 90_000);

  test('Learn fits the inverse to a kept mask, and takes it back', { timeout: 90_000 }, async () => {
    await page.click('#tab-learn');
    await page.click('#truth');
    await page.click('#keep');
    await page.locator('view-learn input[type=range][max="200"]').fill('5');
    await page.click('#learn');
    await page.waitForFunction(
      () =>
        document.querySelector<GssDemo>('gss-demo')!.session.error ||
        /after\.$/.test(document.querySelector('#status')!.textContent!),
      undefined,
      wait,
    );
    const { error, learned } = await demoOf(page).evaluate(({ session }: GssDemo) => ({
      error: session.error,
      learned: session.engine!.learned,
    }));
    expect([error, learned]).toEqual(['', 1]);
    expect(await page.textContent('loss-chart figcaption')).toMatch(/^Loss over 5 steps/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
    expect(readFileSync((await download.path())!).length).toBeGreaterThan(100);
    await page.click('#undo');
    await expect.poll(() => page.textContent('#status'), wait).toBe(text.learn.undone);
    expect(await page.isDisabled('#undo')).toBe(true);
  });

  test('Codec: exact without damage, worse with noise; paints by keyboard and takes it back', async () => {
    await page.click('#tab-codec');
    const said = () => page.textContent('view-codec .live');
    await expect.poll(said, wait).toMatch(/^Exact/);
    await page.getByRole('slider', { name: text.codec.noise }).fill('90');
    await expect.poll(said).toMatch(/^\d\d?\.\d % of the pixels are right/);
    await page.getByRole('slider', { name: text.codec.noise }).fill('0');
    await page.locator('view-codec input[type=range][max="101"]').fill('20');
    await expect.poll(said).toMatch(/JPEG of \d+\.\d kB/);
    await page.locator('view-codec input[type=range][max="101"]').fill('101');
    await expect.poll(said).toMatch(/^Exact/);
    const share = () => page.locator('view-codec tbody tr').nth(3).locator('td').first().textContent();
    expect(await share()).toBe('0.0 %');
    await page.locator('view-codec .choice', { hasText: 'grass' }).locator('input').check();
    await page.locator('view-codec canvas.paint').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('f');
    await expect.poll(share).not.toBe('0.0 %');
    await expect.poll(said).toMatch(/^Exact/);
    await page.locator('view-codec button', { hasText: text.paint.undo }).click();
    await expect.poll(share).toBe('0.0 %');
  });

  test('every view is accessible in light and dark, and fits a phone', { timeout: 120_000 }, async () => {
    for (const theme of ['light', 'dark']) {
      await page.locator('header select').selectOption(theme);
      for (const view of views) {
        await page.click(`#tab-${view}`);
        expect(await accessibility(page), `${view}, ${theme}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 360, height: 740 });
    for (const view of views) {
      await page.click(`#tab-${view}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(360);
    }
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.focus('#tab-learn');
    await page.keyboard.press('Home');
    expect(await page.getAttribute('#tab-segment', 'aria-selected')).toBe('true');
  });

  test('the camera runs frame by frame and stops', { timeout: 90_000 }, async () => {
    await page.click('#tab-segment');
    await page.click('#live');
    await expect.poll(() => page.locator('view-segment').textContent(), wait).toMatch(/frames a second/);
    await page.click('#live');
    await expect.poll(() => page.textContent('#live')).toContain(text.segment.live);
    await done(page);
  });

  test('nothing was written to the console', () => {
    expect(errors).toEqual([]);
  });

  test('opens and segments without a network', { timeout: 200_000 }, async () => {
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload();
    await done(page);
    await context.setOffline(true);
    await page.reload();
    await done(page);
    const { error, cached } = await demoOf(page).evaluate(({ session }: GssDemo) => ({
      error: session.error,
      cached: session.model?.cached,
    }));
    await context.setOffline(false);
    expect([error, cached]).toEqual(['', true]);
  });

  test('says what to do when a picture, a backend or a model is not there', { timeout: 90_000 }, async () => {
    const other = await context.newPage();
    const said = () => other.textContent('[role=alert]');
    await other.goto(`${address}?backend=cuda`);
    await expect.poll(said, wait).toContain('There is no backend “cuda”');
    await other.locator('#file').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no') });
    await expect.poll(said).toContain(text.errors.unreadable);
    await other.close();
    const none = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
    await none.route('**/weights/**', (route) => route.fulfill({ status: 404, body: 'none' }));
    await none.goto(`${address}?backend=wasm`);
    await expect.poll(() => none.textContent('[role=alert]'), wait).toContain(text.errors.noModel);
    await none.close();
  });
});
