// The models that ship, in Chromium as in Node.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderStreetScene } from '@gss/datasets';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import { findChromium, noChromium } from '@gss/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, plainPath, type Site, scene } from './test-browser.js';
import { equalShare, segmentScene, startEngine } from './test-engine.js';

const executable = findChromium();
if (!executable) console.log(noChromium);

const weights = fileURLToPath(new URL('../../../weights', import.meta.url));
const names = readdirSync(weights).filter((name) => existsSync(join(weights, name, 'config.json')));
const scenes = { wasm: { width: 256, height: 192 }, webgl: { width: 192, height: 128 } } as const;

/** The worker on a machine with eight cores, whatever this one has: tfjs takes half of them. */
const eightCores = '/dist/standalone/worker/eight-cores.js';
const eightCoresSource = `Object.defineProperty(WorkerNavigator.prototype, 'hardwareConcurrency', { get: () => 8 });
await import('./index.js');`;

test('there are models to test', () => expect(names).toContain('camvid'));

describe.runIf(executable).each(names)('weights/%s in a real browser', (name) => {
  let site: Site;
  const truth = {} as Record<keyof typeof scenes, Uint8Array>;
  const url = `weights/${name}`;

  beforeAll(async () => {
    site = await openSite(); // on Node's wasm backend
    site.files.set(eightCores, eightCoresSource);
    for (const file of readdirSync(join(weights, name)))
      site.files.set(`/${url}/${file}`, readFileSync(join(weights, name, file)));
    const segmenter = await loadSegmenterFolder(join(weights, name));
    for (const backend of ['wasm', 'webgl'] as const) {
      const prediction = await segmenter.predict(renderStreetScene({ seed: 3, index: 1, ...scenes[backend] }).image);
      truth[backend] = (await prediction.labels()).data as Uint8Array;
      prediction.dispose();
    }
    segmenter.dispose();
  }, 300_000);
  afterAll(() => site?.close());

  /** Labels on a backend equal Node's, with tokens where there is a token map. */
  async function expectNodes(page: Page, backend: keyof typeof scenes): Promise<void> {
    const { labels } = await segmentScene(page, scenes[backend]);
    expect(new Set(truth[backend]).size).toBeGreaterThan(3);
    const share = equalShare(labels, [...truth[backend]]);
    console.log(`${name} on ${backend}: ${(100 * share).toFixed(3)} % of the labels are Node's`);
    expect(share).toBeGreaterThanOrEqual(0.999);
  }

  test.each([
    ['isolated by its headers: half of eight cores', '/', 4],
    ['without headers: one thread', plainPath, 1],
  ] as const)('wasm in a page %s, the labels of Node', { timeout: 600_000 }, async (_what, path, threads) => {
    const { page, errors } = await site.open(path);
    await page.waitForFunction(() => window.gss);
    await page.evaluate(
      async ([url, file]) => {
        const worker = () => new Worker(file, { type: 'module' });
        window.engine = await window.gss.createEngine({ backend: 'wasm', worker });
        await window.engine.load(url);
      },
      [url, eightCores] as const,
    );
    expect(await page.evaluate(() => [crossOriginIsolated, window.engine.backend.threads])).toEqual([
      threads > 1,
      threads,
    ]);
    await expectNodes(page, 'wasm');
    expect(errors).toEqual([]);
    await page.close();
  });

  test('WebGL gives the labels of Node', { timeout: 900_000 }, async () => {
    const { page, errors } = await site.open();
    await startEngine(page, { backend: 'webgl' }, url);
    await expectNodes(page, 'webgl');
    expect(errors).toEqual([]);
    await page.close();
  });

  test('learning never lowers the agreement, and learns a class that was named anew', {
    timeout: 600_000,
  }, async () => {
    const { page, errors } = await site.open();
    await startEngine(page, { backend: 'wasm' }, url);
    const { width, height } = scenes.wasm;
    const found = await page.evaluate(
      async ([rgba, width, height]) => {
        const { engine } = window;
        const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
        const before = await engine.segment(image);
        const share = (labels: Uint8Array, wanted: Uint8Array) =>
          labels.filter((label, i) => label === wanted[i]).length / labels.length;
        /** Learns a mask; what learn says of it, and what segment says afterwards. */
        const teach = async (wanted: Uint8Array, lr: number) => {
          const told = await engine.learn([{ image, labels: { data: wanted, width, height } }], { steps: 40, lr });
          const after = share((await engine.segment(image)).labels, wanted);
          await engine.undo();
          return { ...told, seen: [share(before.labels, wanted), after] };
        };
        const largest = before.shares.indexOf(Math.max(...before.shares));
        const other = (largest + 1) % before.shares.length;
        // A tenth of the pixels is wrong in a way that colours do not tell.
        const scattered = before.labels.map((label, i) => ((i * 2654435761) % 2 ** 32 < 2 ** 32 / 10 ? other : label));
        const renamed = before.labels.map((label) => (label === largest ? other : label));
        return { scattered: await teach(scattered, 0.3), renamed: await teach(renamed, 0.03) };
      },
      [scene(scenes.wasm), width, height] as const,
    );
    console.log(`${name}: ${JSON.stringify(found)}`);
    for (const { before, after, seen } of [found.scattered, found.renamed]) {
      expect(before).toBeCloseTo(seen[0]!, 4);
      expect(after).toBeCloseTo(seen[1]!, 4);
      expect(after).toBeGreaterThanOrEqual(before);
    }
    expect(found.renamed.after).toBeGreaterThan(found.renamed.before + 0.25);
    expect(errors).toEqual([]);
    await page.close();
  });
});
