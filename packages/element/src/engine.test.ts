import { findChromium, noChromium } from '@gss/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, scene, sizes } from './test-browser.js';
import { equalShare, segment, startEngine } from './test-engine.js';

const executable = findChromium();
if (!executable) console.log(noChromium);

describe.runIf(executable)('the engine in a real browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  }, 200_000);
  afterAll(() => site?.close());

  test.each([
    ['wasm', 'medium', 1],
    ['webgl', 'small', 2],
    ['webgpu', 'small', 2],
  ] as const)(
    '%s gives the labels that Node gives, a GPU after it was lost',
    { timeout: 400_000 },
    async (backend, size, workers) => {
      const { page, errors } = await site.open();
      await startEngine(page, { backend });
      // Shaders take half a minute to compile in software: one worker's answer serves both questions.
      if (backend !== 'wasm') await page.evaluate(() => window.engine.diagnostics.loseDevice());
      const { labels, tokens, shares, timings, bytes } = await segment(page, size);
      const pixels = sizes[size].width * sizes[size].height;
      expect(bytes).toEqual([4 * pixels, pixels]);
      const { prepare, prior, decoder, inverse, total } = timings;
      expect(prepare + prior + decoder + inverse).toBeLessThanOrEqual(total + 1);
      expect(Math.min(prior, decoder, inverse)).toBeGreaterThan(0);
      expect(new Set(labels).size).toBeGreaterThan(2);
      expect(equalShare(labels, site.truth[size].labels)).toBeGreaterThanOrEqual(0.999);
      expect(equalShare(tokens, site.truth[size].tokens)).toBeGreaterThanOrEqual(0.99);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
      const found = await page.evaluate(() => [window.engine.diagnostics.workers, window.engine.backend] as const);
      expect(found[0]).toBe(workers);
      expect(found[1].name).toBe(backend);
      if (workers > 1) expect(found[1].reason).toContain('the GPU device was lost');
      expect(errors).toEqual([]);
      await page.close();
    },
  );

  test('what is measured decides, and the reason says so', { timeout: 120_000 }, async () => {
    const { page, errors } = await site.open();
    await startEngine(page, {}, null);
    const backend = await page.evaluate(() => window.engine.backend);
    const times = backend.measured.map(({ milliseconds }) => milliseconds);
    // A real GPU may be so fast that wasm is not tried; one in software is not measured.
    if (/in software/.test(backend.reason)) expect(backend.measured.map(({ name }) => name)).toEqual(['wasm']);
    expect(times.length).toBeGreaterThan(0);
    expect(backend.measured.find(({ name }) => name === backend.name)!.milliseconds).toBe(Math.min(...times));
    expect(backend.reason).toContain('ms for the probe');
    expect(errors).toEqual([]);
    await page.close();
  });

  describe('on wasm', () => {
    let page: Page;
    let errors: string[];
    beforeAll(async () => {
      ({ page, errors } = await site.open());
      await startEngine(page, { backend: 'wasm' });
    });
    afterAll(async () => {
      expect(errors).toEqual([]);
      await page.close();
    });

    test('files and pixels give the same, scores agree with labels', async () => {
      const { width, height } = sizes.medium;
      const found = await page.evaluate(
        async ([rgba, width, height]) => {
          const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
          const canvas = new OffscreenCanvas(width, height);
          canvas.getContext('2d')!.putImageData(image, 0, 0);
          const file = await canvas.convertToBlob({ type: 'image/png' });
          const bitmap = await createImageBitmap(image);
          const [a, b, c] = await Promise.all(
            [image, file, bitmap].map((one) => window.engine.segment(one, { scores: true })),
          );
          const K = a!.shares.length;
          let best = 0;
          for (let i = 0; i < a!.labels.length; i++) {
            const row = a!.scores!.subarray(i * K, (i + 1) * K);
            if (row[a!.labels[i]!] === Math.max(...row)) best += 1;
          }
          return { labels: [a, b, c].map((one) => [...one!.labels]), best: best / a!.labels.length };
        },
        [scene(sizes.medium), width, height] as const,
      );
      for (const labels of found.labels) expect(labels).toEqual(found.labels[0]);
      expect(equalShare(found.labels[0]!, site.truth.medium.labels)).toBeGreaterThanOrEqual(0.999);
      expect(found.best).toBe(1);
    });

    test('tokens decode to what segment drew; a painted mask comes back; samples agree with themselves', async () => {
      const { width, height } = sizes.medium;
      const found = await page.evaluate(
        async ([rgba, width, height]) => {
          const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
          const { engine } = window;
          const result = await engine.segment(image);
          const decoded = await engine.decode(result.tokens);
          const recoded = await engine.recode({ data: result.labels, width, height });
          const drawn = await engine.sample(image, { count: 3, temperature: 0, seed: 5 });
          const twice = await Promise.all(
            [1, 2].map(() => engine.sample(image, { count: 2, temperature: 1, seed: 9 })),
          );
          const [same, other] = twice.map(({ masks }) => masks.map((mask) => [...mask].join()));
          return {
            decoded: [...decoded.labels.data],
            labels: [...result.labels],
            maskige: [...decoded.maskige.data].join() === [...result.maskige].join(),
            tokens: [recoded.tokens.width, recoded.tokens.height, recoded.tokens.data.length],
            recoded: recoded.labels.data.length,
            certain: drawn.agreement.every((share) => share === 255),
            most: [...drawn.masks[0]!],
            repeatable: same!.join() === other!.join(),
          };
        },
        [scene(sizes.medium), width, height] as const,
      );
      expect(found.decoded).toEqual(found.labels);
      expect(found.maskige).toBe(true);
      expect(found.tokens).toEqual([width / 4, height / 4, (width * height) / 16]);
      expect(found.recoded).toBe(width * height);
      expect(found.certain).toBe(true);
      expect(found.most).toEqual(found.labels);
      expect(found.repeatable).toBe(true);
    });

    test('learning lowers the loss, changes what segment says and can be undone', { timeout: 120_000 }, async () => {
      const found = await page.evaluate(
        async ([rgba, width, height]) => {
          const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
          const { engine } = window;
          const before = await engine.segment(image);
          const wanted = before.labels.map((label) => (label + 1) % before.shares.length);
          const share = (labels: Uint8Array) => labels.filter((label, i) => label === wanted[i]).length / labels.length;
          const losses: number[] = [];
          await engine.learn([{ image, labels: { data: wanted, width, height } }], {
            steps: 25,
            lr: 0.03,
            onStep: (_step, loss) => losses.push(loss),
          });
          const weights = await engine.exportWeights();
          const after = await engine.segment(image);
          const learned = engine.learned;
          await engine.undo();
          const undone = await engine.segment(image);
          const refused = await engine.exportWeights().catch((error: Error) => error.message);
          return {
            losses,
            bytes: weights.size,
            learned,
            shares: [before, after, undone].map(({ labels }) => share(labels)),
            refused,
          };
        },
        [scene(sizes.medium), sizes.medium.width, sizes.medium.height] as const,
      );
      expect(found.losses).toHaveLength(25);
      expect(found.losses.at(-1)).toBeLessThan(0.5 * found.losses[0]!);
      expect(found.bytes).toBeGreaterThan(1000);
      expect(found.learned).toBe(1);
      expect(found.shares[0]).toBe(0);
      expect(found.shares[1]).toBeGreaterThan(0.5);
      expect(found.shares[2]).toBe(0);
      expect(found.refused).toContain('nothing was learned');
    });

    test('cancel: a running call and a waiting one reject at once, the next works', async () => {
      const found = await page.evaluate(async (small) => {
        const { engine } = window;
        const large = new ImageData(1500, 1100);
        const controller = new AbortController();
        const progress: number[] = [];
        const began = performance.now();
        const running = engine.segment(large, {
          signal: controller.signal,
          onProgress: (done) => {
            progress.push(done);
            controller.abort();
          },
        });
        const waiting = engine.segment(new ImageData(32, 32), { signal: controller.signal });
        const outcomes = await Promise.allSettled([running, waiting]);
        const next = await engine.segment(new ImageData(Uint8ClampedArray.from(small), 48, 32));
        return {
          names: outcomes.map((one) => (one.status === 'rejected' ? one.reason.name : 'done')),
          progress,
          next: next.labels.length,
          milliseconds: performance.now() - began,
        };
      }, scene(sizes.small));
      expect(found.names).toEqual(['AbortError', 'AbortError']);
      expect(found.progress).toEqual([1]);
      expect(found.next).toBe(1536);
    });

    test('a large image comes in windows with progress, tokens joined', { timeout: 120_000 }, async () => {
      const found = await page.evaluate(async () => {
        const progress: (readonly number[])[] = [];
        const image = new ImageData(1200, 900);
        image.data.fill(200);
        const result = await window.engine.segment(image, { onProgress: (...step) => progress.push(step) });
        return { progress, tokens: [result.tokens.width, result.tokens.height], labels: result.labels.length };
      });
      const total = found.progress.length;
      expect(total).toBeGreaterThan(3);
      expect(found.progress.at(-1)).toEqual([total, total]);
      expect(found.tokens).toEqual([300, 225]);
      expect(found.labels).toBe(1200 * 900);
    });

    test('memory stays flat over 50 images', { timeout: 120_000 }, async () => {
      const counts = await page.evaluate(
        async ([rgba, width, height]) => {
          const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
          const counts: { tensors: number; bytes: number }[] = [];
          for (let i = 0; i < 50; i++) {
            await window.engine.segment(image);
            if (i % 49 === 0) counts.push(await window.engine.diagnostics.memory());
          }
          return counts;
        },
        [scene(sizes.small), 48, 32] as const,
      );
      expect(counts[1]).toEqual(counts[0]);
    });

    test.each(['error', 'silent'] as const)(
      'a worker that dies (%s) is replaced, and the call made again',
      async (how) => {
        const before = await segment(page, 'medium');
        const found = await page.evaluate(
          async ([how, rgba, width, height]) => {
            const { engine } = window;
            const workers = engine.diagnostics.workers;
            const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
            const running = engine.segment(image);
            const waiting = engine.segment(image);
            engine.diagnostics.crash(how);
            const labels = (await Promise.all([running, waiting])).map((one) => [...one.labels]);
            return { labels, more: engine.diagnostics.workers - workers, reason: engine.backend.reason };
          },
          [how, scene(sizes.medium), sizes.medium.width, sizes.medium.height] as const,
        );
        expect(found.more).toBe(1);
        expect(found.labels).toEqual([before.labels, before.labels]);
        expect(found.reason).toContain('a worker died');
      },
    );

    test('a worker that dies again rejects clearly, and the engine goes on', async () => {
      const found = await page.evaluate(async () => {
        const { engine } = window;
        // The second worker is hit as soon as it calls.
        const running = engine.segment(new ImageData(1500, 1100), { onProgress: () => engine.diagnostics.crash() });
        const outcome = await running.catch((error: Error) => `${error.name}: ${error.message}`);
        const next = await engine.segment(new ImageData(32, 32));
        return { outcome, next: next.labels.length };
      });
      expect(found.outcome).toMatch(/^WorkerCrashError: segment: the worker ended twice/);
      expect(found.next).toBe(1024);
    });
  });

  test('the bundle holds no reader of pickles', () => {
    expect(site.inputs.some((path) => path.includes('checkpoint/src/safetensors'))).toBe(true);
    expect(site.inputs.filter((path) => /checkpoint\/src\/(pytorch|npz|zip)/.test(path))).toEqual([]);
  });
});
