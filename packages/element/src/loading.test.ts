import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium, noChromium } from '@gss/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSite, type Site } from './test-browser.js';
import { equalShare, segment, startEngine } from './test-engine.js';

const executable = findChromium();
if (!executable) console.log(noChromium);
const weights = '/model/model.safetensors';

/** Loads a model on the page and tells what came of it. */
const load = (page: Page, model: string, abortAt?: number) =>
  page.evaluate(
    async ([model, abortAt]) => {
      const controller = new AbortController();
      const steps: (readonly [number, number])[] = [];
      const onProgress = (done: number, total: number) => {
        steps.push([done, total]);
        if (abortAt !== undefined && done >= abortAt) controller.abort();
      };
      try {
        const info = await window.engine.load(model, { onProgress, signal: controller.signal });
        return { info, steps, error: undefined };
      } catch (error) {
        return { info: undefined, steps, error: `${(error as Error).name}: ${(error as Error).message}` };
      }
    },
    [model, abortAt] as const,
  );

describe.runIf(executable)('loading a model in a real browser', () => {
  let site: Site;
  let page: Page;
  let errors: string[];
  let bytes: Buffer;
  beforeAll(async () => {
    site = await openSite();
    bytes = readFileSync(join(site.folder, weights));
    ({ page, errors } = await site.open());
    await startEngine(page, { backend: 'wasm' }, null);
  }, 200_000);
  afterAll(() => site?.close());
  beforeEach(async () => {
    site.requests.length = 0;
    errors.length = 0;
  });
  const forget = () => page.evaluate(async () => Promise.all((await caches.keys()).map((name) => caches.delete(name))));
  const asked = (path: string) => site.requests.filter((request) => request.includes(path));

  test('downloads with progress, verifies, and takes the stored copy the next time, in a new page too', async () => {
    const first = await load(page, 'model');
    expect(first.info).toMatchObject({
      name: 'tiny',
      verified: 'sha256',
      cached: false,
      kind: 'generative',
      inverse: 'fixed',
    });
    expect(first.info!.tokens).toEqual({ size: 4, vocabulary: 64 });
    const [done, total] = first.steps.at(-1)!;
    expect(done).toBe(total);
    expect(done).toBeGreaterThan(bytes.length);
    const other = await site.openIn(page.context());
    await startEngine(other.page, { backend: 'wasm' }, null);
    const second = await load(other.page, 'model/');
    expect(second.info).toMatchObject({ verified: 'sha256', cached: true });
    expect(asked(weights)).toHaveLength(1);
    expect([...errors, ...other.errors]).toEqual([]);
    await other.page.close();
  });

  test('works without the network once loaded', async () => {
    await load(page, 'model');
    const offline = await site.openIn(page.context());
    await startEngine(offline.page, { backend: 'wasm' }, null);
    await page.context().setOffline(true);
    try {
      expect((await load(offline.page, 'model')).info).toMatchObject({ verified: 'sha256', cached: true });
      expect(equalShare((await segment(offline.page, 'medium')).labels, site.truth.medium.labels)).toBeGreaterThan(
        0.999,
      );
    } finally {
      await page.context().setOffline(false);
    }
    await offline.page.close();
  });

  test('a connection that breaks is continued where it was', async () => {
    await forget();
    site.faults.cut.set(weights, 20_000);
    const { info } = await load(page, 'model');
    expect(info).toMatchObject({ verified: 'sha256', cached: false });
    const [first, second, ...more] = asked(weights);
    expect(more).toEqual([]);
    expect(first).toBe(`GET ${weights}`);
    const from = Number(/bytes=(\d+)-/.exec(second!)?.[1]);
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(20_000);
  });

  test('a cancelled download rejects at once and goes on the next time', async () => {
    await forget();
    site.faults.slow.set(weights, 20_000);
    const cancelled = await load(page, 'model', 15_000);
    expect(cancelled.error).toMatch(/^AbortError/);
    site.faults.slow.clear();
    expect((await load(page, 'model')).info).toMatchObject({ verified: 'sha256' });
    expect(asked(weights)).toHaveLength(2);
    expect(asked(weights)[1]).toMatch(/bytes=\d+-/);
  });

  test('weights that are not the manifest’s are refused, the old model stays', async () => {
    await load(page, 'model');
    await forget();
    site.faults.corrupt.add(weights);
    const { error } = await load(page, 'model');
    site.faults.corrupt.clear();
    expect(error).toMatch(/^CorruptWeightsError: .*model\.safetensors: it is damaged: expected sha256 [0-9a-f]{64}/);
    expect((await segment(page, 'small')).labels).toHaveLength(1536);
    expect((await load(page, 'model')).info).toMatchObject({ verified: 'sha256', cached: false });
  });

  test('a stored copy that was damaged is fetched again', async () => {
    await load(page, 'model');
    await page.evaluate(async () => {
      const store = await caches.open((await caches.keys())[0]!);
      const key = (await store.keys()).find(({ url }) => url.includes('model.safetensors'))!;
      await store.put(key, new Response(new Uint8Array(100)));
    });
    expect((await load(page, 'model')).info).toMatchObject({ verified: 'sha256', cached: false });
    expect(asked(weights)).toHaveLength(1);
  });

  test('without a manifest: cut files, NaN weights and foreign files are refused, good ones taken unverified', async () => {
    const config = readFileSync(join(site.folder, 'model/config.json'));
    const nan = Buffer.from(bytes);
    nan.writeFloatLE(Number.NaN, nan.length - 40);
    const variants = { cut: bytes.subarray(0, bytes.length - 100), nan, foreign: Buffer.from('a page'), good: bytes };
    for (const [name, content] of Object.entries(variants)) {
      site.files.set(`/${name}/config.json`, config);
      site.files.set(`/${name}/model.safetensors`, content);
    }
    const outcome = async (name: string) => (await load(page, name)).error;
    expect(await outcome('cut')).toMatch(/^SafetensorsError/);
    expect(await outcome('nan')).toMatch(/^CorruptWeightsError: .*is not a finite number/);
    expect(await outcome('foreign')).toMatch(/^SafetensorsError/);
    expect((await load(page, 'good')).info).toMatchObject({ verified: 'none' });
    expect(await outcome('nowhere')).toMatch(/nowhere\/config\.json is not there/);
  });

  test('picked files are a model too', async () => {
    const found = await page.evaluate(async () => {
      const names = ['config.json', 'model.safetensors', 'manifest.json'];
      const files = await Promise.all(
        names.map(async (name) => new File([await (await fetch(`model/${name}`)).blob()], name)),
      );
      const info = await window.engine.load(files);
      const missing = await window.engine.load(files.slice(1)).catch((error: Error) => error.message);
      return { verified: info.verified, missing };
    });
    expect(found.verified).toBe('sha256');
    expect(found.missing).toContain('config.json is not there among model.safetensors, manifest.json');
    expect(errors).toEqual([]);
  });

  test('bad input is refused with what to do', async () => {
    const messages = await page.evaluate(async () => {
      const { engine } = window;
      const tell = (call: Promise<unknown>) =>
        call.then(
          () => 'accepted',
          (error: Error) => `${error.name}: ${error.message}`,
        );
      return Promise.all([
        tell(engine.segment(new Blob(['no picture'], { type: 'image/png' }))),
        tell(engine.decode({ data: Int32Array.of(0, 64), width: 2, height: 1 })),
        tell(engine.recode({ data: Uint8Array.of(0, 200), width: 2, height: 1 })),
        tell(engine.sample(new ImageData(32, 32), { temperature: -1 })),
        tell(engine.load('nowhere', {})),
      ]);
    });
    expect(messages[0]).toContain('no picture that this browser reads');
    expect(messages[1]).toMatch(/RangeError: decode: token 64 at 1, 0 is not in 0..63/);
    expect(messages[2]).toMatch(/RangeError: recode: label 200/);
    expect(messages[3]).toContain('temperature');
    expect(messages[4]).toContain('is not there');
    expect((await segment(page, 'small')).labels).toHaveLength(1536); // the old model stays
  });
});
