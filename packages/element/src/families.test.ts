import { join } from 'node:path';
import { renderStreetScene } from '@gss/datasets';
import { type BackboneConfig, backboneChannels, backboneVariants, type GssModelConfig } from '@gss/segmenter';
import { findChromium, noChromium } from '@gss/testing';
import { dvaeVariants, uvimVariants, vqganVariants } from '@gss/vqvae';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, scene, sizes } from './test-browser.js';
import { equalShare, startEngine } from './test-engine.js';
import { makeTestModel, tinyConfig } from './test-model.js';

const executable = findChromium();
if (!executable) console.log(noChromium);
/** GPUs in software compile shaders for half a minute a model, on a busy machine ten: GSS_FAMILIES_ON=wasm,webgl,webgpu asks for them. */
const backends = (process.env.GSS_FAMILIES_ON ?? 'wasm').split(',') as ('wasm' | 'webgl' | 'webgpu')[];
const timeout = backends.every((name) => name === 'wasm') ? 600_000 : 1_800_000;

const classes = tinyConfig.classes.length;
const on = (backbone: BackboneConfig): GssModelConfig => ({
  ...tinyConfig,
  backbone,
  prior: { ...tinyConfig.prior, features: backboneChannels(backbone) },
});
const through = (tokenizer: GssModelConfig['tokenizer'], vocabulary: number): GssModelConfig => ({
  ...tinyConfig,
  tokenizer,
  prior: { ...tinyConfig.prior, vocabulary },
});
const stage = (channels: readonly number[]) => ({ modules: 1, blocks: channels.map(() => 1), channels });
const resnet = { ...backboneVariants['resnet-50-d8'].config, stemChannels: 8, channels: [8, 12, 16, 20] } as const;
const hrnet = { blocks: 1, planes: 4 };
const vqgan = { ...vqganVariants.nano, multipliers: [1, 1], width: 32, resolution: 16, attentionResolutions: [] };
const uvim = { ...uvimVariants.nano, width: 32, hidden: 32, decoderDepth: 1, codeLength: 16, classes };
/** One small model of each family that a config.json can name; tinyConfig is Swin with a compact tokenizer. */
const families: Readonly<Record<string, GssModelConfig>> = {
  resnet: on({ type: 'resnet', config: { ...resnet, depths: [1, 1, 1, 1] } }),
  hrnet: on({
    type: 'hrnet',
    config: {
      channels: [4, 8, 16, 32],
      first: hrnet,
      stages: [stage([4, 8]), stage([4, 8, 16]), stage([4, 8, 16, 32])],
    },
  }),
  efficientnet: on(backboneVariants['efficientnet-lite0']),
  dvae: through({ type: 'dvae', config: { ...dvaeVariants.nano, hidden: 4, init: 4 } }, dvaeVariants.nano.vocabulary),
  vqgan: through({ type: 'vqgan', config: vqgan }, vqgan.codes),
  uvim: through({ type: 'uvim', input: 'one-hot', config: { ...uvim, inputSize: [16, 16] } }, uvim.codes),
};

/** Saves a model and gives Node's labels of the small scene. */
async function makeModel(folder: string, config: GssModelConfig): Promise<number[]> {
  const segmenter = await makeTestModel(folder, config);
  const prediction = await segmenter.predict(renderStreetScene({ seed: 3, index: 1, ...sizes.small }).image);
  const labels = [...(await prediction.labels()).data];
  prediction.dispose();
  segmenter.dispose();
  return labels;
}

/** Everything that the engine does with a model. */
const useAll = (page: Page, name: string) =>
  page.evaluate(
    async ([name, rgba, width, height]) => {
      const { engine } = window;
      const info = await engine.load(name);
      const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
      const { labels, tokens } = await engine.segment(image, { scores: true });
      await engine.segment(image, { augment: { flip: true } });
      await engine.sample(image, { count: 2, temperature: 1, topK: 4 });
      const mask = { data: labels, width, height };
      await engine.learn([{ image, labels: mask }], { steps: 2, lr: 0.01 });
      // A tokenizer that reads the photo too can neither encode nor decode without one, and says so.
      const needsPhoto = (error: Error) => {
        if (!error.message.includes('reads the photo too')) throw error;
      };
      await engine.recode(mask).catch(needsPhoto);
      await engine.decode(tokens).catch(needsPhoto);
      return { labels: [...labels], parameters: info.parameters };
    },
    [name, scene(sizes.small), sizes.small.width, sizes.small.height] as const,
  );

/** The losses of a few steps of learning on the tiny model. */
const learnLosses = (page: Page) =>
  page.evaluate(
    async ([rgba, width, height]) => {
      const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
      const data = new Uint8Array(width * height).map((_, i) => (i >> 4) % 5);
      const losses: number[] = [];
      const onStep = (_step: number, loss: number) => losses.push(loss);
      await window.engine.learn([{ image, labels: { data, width, height } }], { steps: 4, lr: 0.02, onStep });
      return losses;
    },
    [scene(sizes.small), sizes.small.width, sizes.small.height] as const,
  );

describe.runIf(executable)('every family of models in a real browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  }, 200_000);
  afterAll(() => site?.close());

  test.each(backends.flatMap((backend) => Object.keys(families).map((name) => [backend, name] as const)))(
    '%s has the kernels of %s: segment, sample, learn, recode, decode',
    { timeout },
    async (backend, name) => {
      const truth = await makeModel(join(site.folder, name), families[name]!);
      const { page, errors } = await site.open();
      await startEngine(page, { backend }, null);
      const { labels } = await useAll(page, name);
      expect(equalShare(labels, truth)).toBeGreaterThanOrEqual(0.98);
      // Without a manifest its absence is one message of the browser.
      expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
      await page.close();
    },
  );

  test.each(backends.filter((name) => name !== 'wasm'))(
    'learning on %s takes the steps of wasm',
    { timeout },
    async (name) => {
      const losses: number[][] = [];
      for (const backend of [name, 'wasm'] as const) {
        const { page } = await site.open();
        await startEngine(page, { backend });
        losses.push(await learnLosses(page));
        await page.close();
      }
      console.log(`losses on ${name} and wasm: ${JSON.stringify(losses)}`);
      expect(losses[0]).toHaveLength(4);
      for (const [i, loss] of losses[0]!.entries()) expect(loss).toBeCloseTo(losses[1]![i]!, 3);
    },
  );
});
