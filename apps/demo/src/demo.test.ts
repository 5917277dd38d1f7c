import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderStreetScene, syntheticStreetsClasses } from '@gss/datasets';
import { maximalDistancePalette } from '@gss/maskige';
import { priorVariants } from '@gss/prior';
import {
  createSegmenter,
  type GssModelConfig,
  imageNetMean,
  imageNetStd,
  type ModelParams,
  modelSpec,
} from '@gss/segmenter';
import { saveModelFolder } from '@gss/segmenter/node';
import { swinVariants } from '@gss/swin';
import { createRng, initParams, mapTree, type Tree } from '@gss/tensor';
import { selectBackend } from '@gss/tensor/node';
import { chromiumFlags, findChromium, noChromium } from '@gss/testing';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { type Browser, chromium } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const executablePath = findChromium();
if (!executablePath) console.log(noChromium);

const demo = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gss-demo-'));
const palette = maximalDistancePalette(syntheticStreetsClasses.length);
const backbone = swinVariants.nano;
const config: GssModelConfig = {
  format: 'gss-model',
  version: 1,
  name: 'demo-test',
  kind: 'generative',
  classes: syntheticStreetsClasses,
  palette,
  unlabelled: [0, 0, 0],
  mean: imageNetMean,
  std: imageNetStd,
  backbone: { type: 'swin', config: backbone },
  prior: {
    ...priorVariants.nano,
    features: backbone.channels,
    classes: palette.length,
    vocabulary: compactVariants.nano.codes,
  },
  tokenizer: { type: 'compact', config: compactVariants.nano },
  decoding: 'argmax',
  inference: { mode: 'whole' },
};

/** Random weights, enlarged: the default of a classifier is so small that every token would tie. */
function makeParams(): ModelParams {
  const params = initParams(modelSpec(config), createRng(7));
  return mapTree(params as Tree<tf.Tensor>, (tensor, name) => {
    if (!/conv_seg\.weight|codebook/.test(name)) return tensor;
    const larger = tf.mul(tensor, 8);
    tensor.dispose();
    return larger;
  }) as ModelParams;
}

describe.runIf(executablePath)('the demo in a real browser', () => {
  let server: PreviewServer;
  let browser: Browser;
  const truth = new Map<string, Uint8Array>();
  const pictures = { small: { width: 48, height: 32 }, medium: { width: 128, height: 96 } } as const;
  const pictureOf = (size: keyof typeof pictures) => renderStreetScene({ seed: 3, index: 1, ...pictures[size] }).image;

  beforeAll(async () => {
    await selectBackend({ backend: 'wasm' });
    const params = makeParams();
    await saveModelFolder(join(folder, 'model'), config, params);
    const segmenter = createSegmenter(config, params);
    for (const size of ['small', 'medium'] as const) {
      const prediction = await segmenter.predict(pictureOf(size));
      truth.set(size, (await prediction.labels()).data as Uint8Array);
      prediction.dispose();
    }
    segmenter.dispose();
    process.env.GSS_MODEL = join(folder, 'model');
    await build({ root: demo, logLevel: 'error', build: { outDir: join(folder, 'dist'), emptyOutDir: true } });
    server = await preview({
      root: demo,
      logLevel: 'error',
      preview: { port: 0 },
      build: { outDir: join(folder, 'dist') },
    });
    browser = await chromium.launch({ executablePath: executablePath!, headless: true, args: chromiumFlags });
  }, 400_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['wasm', 'medium'],
    ['webgl', 'small'],
    ['webgpu', 'small'],
  ] as const)('%s gives the labels that Node gives', { timeout: 600_000 }, async (backend, size) => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    const { port } = server.httpServer.address() as { port: number };
    await page.goto(`http://localhost:${port}/?backend=${backend}&sample=0`);
    await page.waitForFunction(() => window.gssDemo?.ready, undefined, { timeout: 500_000 });
    expect(await page.evaluate(() => window.gssDemo!.backend)).toBe(backend);
    const { data, width, height } = pictureOf(size);
    const labels = await page.evaluate(
      async ([bytes, width, height]) => {
        const { data } = await window.gssDemo!.segment({ data: Uint8Array.from(bytes), width, height });
        return [...data];
      },
      [[...data], width, height] as const,
    );
    const expected = truth.get(size)!;
    expect(labels).toHaveLength(expected.length);
    const equal = labels.filter((label, i) => label === expected[i]).length / labels.length;
    expect(new Set(expected).size).toBeGreaterThan(2);
    expect(equal).toBeGreaterThanOrEqual(0.999);
    expect(await page.textContent('#status')).toContain(backend);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('says what to do when there is no model and when the backend is unknown', async () => {
    const page = await browser.newPage();
    const { port } = server.httpServer.address() as { port: number };
    await page.route('**/model/**', (route) => route.fulfill({ status: 404, body: 'none' }));
    await page.goto(`http://localhost:${port}/?backend=wasm`);
    await page.waitForFunction(() => document.querySelector('#status')?.textContent?.includes('npm start'));
    await page.goto(`http://localhost:${port}/?backend=cuda`);
    await page.waitForFunction(() =>
      document.querySelector('#status')?.textContent?.includes('There is no backend "cuda"'),
    );
    await page.close();
  }, 60_000);
});
