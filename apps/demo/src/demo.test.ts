import { readFileSync } from 'node:fs';
import { chromiumFlags, findChromium, noChromium } from '@gss/testing';
import { decode } from 'fast-png';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GssDemo } from './app.js';
import { type DemoSite, demoOf, done, openDemo, wait } from './test-demo.js';
import { text } from './text.js';

const executablePath = findChromium();
if (!executablePath) console.log(noChromium);

describe.runIf(executablePath)('the demo in a real browser', () => {
  let site: DemoSite;
  let page: Page;
  beforeAll(async () => {
    site = await openDemo();
    page = site.page;
  }, 600_000);
  afterAll(() => site?.close());

  test('segments a scene on wasm as Node does, without long tasks', { timeout: 120_000 }, async () => {
    await page.addInitScript(() => {
      const seen: number[] = [];
      Object.assign(window, { longTasks: seen });
      new PerformanceObserver((list) => seen.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      });
    });
    await page.goto(`${site.address}?backend=wasm`);
    await done(page);
    const found = await demoOf(page).evaluate((element: GssDemo) => {
      const { error, backend, result, model } = element.session;
      return { error, backend, model, labels: [...(result?.labels ?? [])], tokens: result?.tokens.width };
    });
    expect(found.error).toBe('');
    expect(found.backend?.name).toBe('wasm');
    expect(found.model?.verified).toBe('sha256');
    expect(found.labels).toHaveLength(site.truth.length);
    expect(new Set(site.truth).size).toBeGreaterThan(2);
    expect(
      found.labels.filter((label, i) => label === site.truth[i]).length / site.truth.length,
    ).toBeGreaterThanOrEqual(0.999);
    // Durations are of the clock: on a busy machine the best of three tells what the page's own code takes.
    const longest: number[] = [];
    while (longest.length < 3 && !longest.some((duration) => duration < 100)) {
      await page.evaluate(() => {
        (window as unknown as { longTasks: number[] }).longTasks.length = 0;
      });
      const before = await page.evaluateHandle(() => document.querySelector<GssDemo>('gss-demo')!.session.result);
      await page.click('#scene');
      await page.waitForFunction(
        (before) => {
          const { error, result, task } = document.querySelector<GssDemo>('gss-demo')!.session;
          return error || (result && result !== before && !task); // its end: the task itself may be over before anybody looks
        },
        before,
        wait,
      );
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

  test('the camera runs frame by frame and stops', { timeout: 90_000 }, async () => {
    await page.click('#tab-segment');
    await page.click('#live');
    await expect.poll(() => page.locator('view-segment').textContent(), wait).toMatch(/frames a second/);
    await page.click('#live');
    await expect.poll(() => page.textContent('#live')).toContain(text.segment.live);
    await done(page);
  });

  test('opens what is dropped and what is pasted; a file that is no picture is told', { timeout: 90_000 }, async () => {
    const hand = (how: 'drop' | 'paste', type: string, width: number) =>
      page.evaluate(
        async ([how, type, width]) => {
          const canvas = new OffscreenCanvas(width, 32);
          canvas.getContext('2d')!.fillRect(0, 0, width, 16);
          const image = await canvas.convertToBlob();
          const data = new DataTransfer();
          data.items.add(new File([type === 'image/png' ? image : 'words'], 'handed.png', { type }));
          const init = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
          const event = how === 'drop' ? new DragEvent(how, init) : new ClipboardEvent(how, init);
          document.querySelector('view-segment .drop')!.dispatchEvent(event);
        },
        [how, type, width] as const,
      );
    const shown = () =>
      demoOf(page).evaluate(({ session }: GssDemo) => [session.picture?.name, session.result?.width, session.error]);
    await hand('drop', 'image/png', 48);
    await expect.poll(shown, wait).toEqual(['handed', 48, '']);
    await hand('paste', 'image/png', 64);
    await expect.poll(shown, wait).toEqual(['handed', 64, '']);
    await hand('drop', 'text/plain', 48);
    await expect.poll(shown, wait).toEqual(['handed', 64, text.errors.unreadable]);
  });

  test('nothing was written to the console', () => {
    expect(site.errors).toEqual([]);
  });

  test('can be installed; opens and segments without a network', { timeout: 200_000 }, async () => {
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload();
    await done(page);
    const tools = await site.context.newCDPSession(page);
    const { installabilityErrors } = await tools.send('Page.getInstallabilityErrors');
    // Private windows, which the test's are, install nothing.
    expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([]);
    await site.context.setOffline(true);
    await page.reload();
    await done(page);
    const { error, cached } = await demoOf(page).evaluate(({ session }: GssDemo) => ({
      error: session.error,
      cached: session.model?.cached,
    }));
    await site.context.setOffline(false);
    expect([error, cached]).toEqual(['', true]);
  });

  test('says what to do when a picture, a backend or a model is not there', { timeout: 90_000 }, async () => {
    const other = await site.context.newPage();
    const said = () => other.textContent('[role=alert]');
    await other.goto(`${site.address}?backend=cuda`);
    await expect.poll(said, wait).toContain('There is no backend “cuda”');
    await other.locator('#file').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no') });
    await expect.poll(said).toContain(text.errors.unreadable);
    await other.close();
    const none = await (await site.browser.newContext({ serviceWorkers: 'block' })).newPage();
    await none.route('**/weights/**', (route) => route.fulfill({ status: 404, body: 'none' }));
    await none.goto(`${site.address}?backend=wasm`);
    await expect.poll(() => none.textContent('[role=alert]'), wait).toContain(text.errors.noModel);
    await none.click('#tab-codec'); // needs no model
    await expect.poll(() => none.textContent('view-codec .live'), wait).toMatch(/^Exact/);
    await none.close();
  });

  test('without WebGPU it says what to do, and takes another backend where none is asked for', {
    timeout: 200_000,
  }, async () => {
    const args = chromiumFlags.filter((flag) => !flag.includes('webgpu'));
    const browser = await chromium.launch({ executablePath: executablePath!, headless: true, args });
    const plain = await browser.newPage();
    await plain.goto(`${site.address}?backend=webgpu`);
    await expect
      .poll(() => plain.textContent('[role=alert]'), wait)
      .toMatch(/WebGPU cannot be used here: the browser .*Choose “Fastest”/);
    await plain.goto(site.address);
    await done(plain);
    const { error, backend } = await demoOf(plain).evaluate(({ session }: GssDemo) => ({
      error: session.error,
      backend: session.backend,
    }));
    expect([error, backend!.name !== 'webgpu']).toEqual(['', true]);
    expect(backend!.reason).toContain('No WebGPU');
    await browser.close();
  });
});
