import { readFileSync } from 'node:fs';
import { findChromium, noChromium } from '@gss/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GssDemo } from './app.js';
import { accessibility, type DemoSite, demoOf, done, openDemo, viewport, wait } from './test-demo.js';
import { forDocs, takePicture } from './test-pictures.js';
import { text } from './text.js';

const views = ['segment', 'play', 'codec', 'learn'] as const;

const executablePath = findChromium();
if (!executablePath) console.log(noChromium);

describe.runIf(executablePath)('every view in a real browser', () => {
  let site: DemoSite;
  let page: Page;
  beforeAll(async () => {
    site = await openDemo({ shipped: forDocs });
    page = site.page;
    await page.goto(`${site.address}?backend=wasm`);
    await done(page);
  }, 600_000);
  afterAll(() => site?.close());
  /** A picture of what is seen. Without what the canvases show a view has at most 90 colours, and 0.012 of it is vivid. */
  const take = async (name: (typeof views)[number], leastVivid: number) => {
    const { width, height, colours, vivid } = await takePicture(page, name, site.folder);
    expect({ width, height }).toEqual(viewport);
    expect(colours).toBeGreaterThan(100);
    expect(vivid).toBeGreaterThan(leastVivid);
  };

  test('Segment shows the picture and what was made of it', async () => {
    await page
      .locator('demo-picture canvas')
      .nth(2)
      .hover({ position: { x: 150, y: 140 } });
    await expect.poll(() => page.textContent('#readout')).toMatch(/confidence \d+ %, at \d+, \d+/);
    await take('segment', 0.1);
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
    await page.evaluate(() => scrollTo(0, 0));
    await take('play', 0.1);
  }, 180_000);

  test('Learn fits the inverse to a kept mask, and takes it back', { timeout: 300_000 }, async () => {
    await page.click('#tab-learn');
    await page.click('#truth');
    await page.click('#keep');
    const steps = forDocs ? 40 : 5;
    await page.locator('view-learn input[type=range][max="200"]').fill(String(steps));
    await page.click('#learn');
    await page.waitForFunction(
      () =>
        document.querySelector<GssDemo>('gss-demo')!.session.error ||
        /(after|apart)\.$/.test(document.querySelector('#status')!.textContent!),
      undefined,
      wait,
    );
    const { error, learned } = await demoOf(page).evaluate(({ session }: GssDemo) => ({
      error: session.error,
      learned: session.engine!.learned,
    }));
    expect([error, learned]).toEqual(['', 1]);
    expect(await page.textContent('loss-chart figcaption')).toMatch(new RegExp(`^Loss over ${steps} steps`));
    await page.evaluate(() => document.querySelector('#kept')!.scrollIntoView());
    await take('learn', 0.02);
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
    await page.getByRole('slider', { name: text.codec.noise }).fill('60');
    await expect.poll(said).toMatch(/^\d\d?\.\d % of the pixels are right/);
    await take('codec', 0.1);
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
    await page.setViewportSize(viewport);
    await page.focus('#tab-learn');
    await page.keyboard.press('Home');
    expect(await page.getAttribute('#tab-segment', 'aria-selected')).toBe('true');
  });

  test('nothing was written to the console', () => {
    expect(site.errors).toEqual([]);
  });
});
