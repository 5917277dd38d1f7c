import { join } from 'node:path';
import type { ClassInfo } from '@gss/datasets';
import { maximalDistancePalette } from '@gss/maskige';
import {
  createMaskigeCodec,
  type GssTokenizerConfig,
  type MaskigeConfig,
  type TokenizerConfig,
  tokenizerMultiple,
} from '@gss/segmenter';
import { saveTokenizerFolder } from '@gss/segmenter/node';
import { createRng, disposeTree, frozen, type Spec, type Tree } from '@gss/tensor';
import { polySchedule, type Schedule, sampleStream } from '@gss/train';
import { type Batch, createLoader, makeBatch, openRunLogger, trainLoop } from '@gss/train/node';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../cli/errors.js';
import type { GssConfig, TokenizerTrainConfig } from '../config/schema.js';
import { trainingPipeline } from '../data/pipeline.js';
import { skipOptions } from '../data/unreadable.js';
import { contextTensor, maskigeTensor, recolouredTensor } from './batch.js';
import { proceduralBatch, proceduralMap, proceduralStream } from './procedural.js';
import { resumed, type StageContext, type StageResult } from './stage.js';
import { compactTraining } from './tokenizers/compact.js';
import { dvaeTraining } from './tokenizers/dvae.js';
import type { FamilyContext, MaskMap, TokenizerTraining } from './tokenizers/training.js';
import { uvimTraining } from './tokenizers/uvim.js';
import { vqganTraining } from './tokenizers/vqgan.js';

const black = [0, 0, 0] as const;

/** How stage I paints K classes. */
export function maskigeConfig(config: GssConfig, classes: readonly ClassInfo[]) {
  const { palette } = config.tokenizer;
  if (palette !== 'maximal-distance' && palette.length !== classes.length) {
    throw new UsageError(`tokenizer.palette has ${palette.length} colours but the data ${classes.length} classes.`);
  }
  return {
    classes: classes.map(({ name, color }) => ({ name, color: [...color] as [number, number, number] })),
    palette: palette === 'maximal-distance' ? maximalDistancePalette(classes.length) : palette,
    unlabelled: black,
  };
}

/** Batches at fixed positions of the data, the same at every call: for seeding and counting codes without any state. */
async function probeBatches({ config, train }: StageContext, count: number, salt: number): Promise<Batch[]> {
  const { batchSize, crop, ratioRange, masks } = config.tokenizer;
  if (masks === 'procedural') {
    const at = (i: number) => proceduralBatch(config, train.classes.length, 1000 * (salt + 1) + i);
    return Array.from({ length: count }, (_, i) => at(i));
  }
  const seed = config.seed + 7919 * (salt + 1);
  const at = sampleStream(seed, train.dataset.length);
  const job = (i: number) => ({
    source: train.source,
    pipeline: trainingPipeline({ crop, ratioRange }, train.size),
    seed,
    samples: Array.from({ length: batchSize }, (_, j) => at(i * batchSize + j)),
    unreadable: config.data?.unreadable ?? 'stop',
  });
  return Promise.all(Array.from({ length: count }, (_, i) => makeBatch(job(i))));
}

/** Label maps for making a codebook, spread evenly over the data. */
async function* masksOf({ config, train }: StageContext, count: number): AsyncGenerator<MaskMap> {
  if (config.tokenizer.masks === 'procedural') {
    for (let i = 0; i < count; i++) yield proceduralMap(config, train.classes.length, i);
    return;
  }
  const { dataset } = train;
  const n = Math.min(count, dataset.length);
  for (let i = 0; i < n; i++) {
    const { labels } = await dataset.read(Math.floor((i * dataset.length) / n));
    yield { labels: Uint8Array.from(labels.data), width: labels.width, height: labels.height };
  }
}

/** Refuses crops that the tokenizer would have to pad: it would learn the padding. */
function checkCrop(tokenizer: TokenizerConfig, [H, W]: readonly [number, number]): void {
  const multiple = tokenizerMultiple(tokenizer);
  if (H % multiple === 0 && W % multiple === 0) return;
  throw new UsageError(
    `tokenizer.crop is ${H} × ${W}, but this ${tokenizer.type} tokenizer codes ${multiple} × ${multiple} pixels at a time. Give multiples of ${multiple}.`,
  );
}

const scheduleOf = ({ lr, steps, power, warmup }: TokenizerTrainConfig): Schedule =>
  polySchedule({ base: lr, total: Math.max(1, steps), power, warmup: { iterations: warmup } });

/** The loop around a family's training, and the folder that it leaves. */
async function runTraining<const S extends Spec>(
  { config, train, dir, out, signal, resume }: StageContext,
  maskige: MaskigeConfig,
  training: TokenizerTraining<S>,
): Promise<StageResult> {
  const t = config.tokenizer;
  const { tokenizer, part, watch, afterStep, dispose, ...loop } = training;
  checkCrop(tokenizer, t.crop);
  const K = train.classes.length;
  const bar = out.progress('stage I  ', t.steps);
  try {
    const result = await trainLoop<S, Batch>({
      ...loop,
      dir: join(dir, 'tokenizer'),
      seed: config.seed,
      steps: t.steps,
      config: JSON.stringify({ stage: 'tokenizer', seed: config.seed, tokenizer: t, source: train.source, K }),
      resume,
      signal,
      schedule: scheduleOf(t),
      ...(t.clipNorm ? { clipNorm: t.clipNorm } : {}),
      checkpointEvery: t.checkpointEvery,
      batches: (start) => {
        if (t.masks === 'procedural') return proceduralStream(config, K, start);
        return createLoader({
          source: train.source,
          length: train.dataset.length,
          pipeline: trainingPipeline(t, train.size),
          batchSize: t.batchSize,
          seed: config.seed,
          start,
          skip: skipOptions(config, out.note),
        });
      },
      afterStep: async (params, step, log) => {
        const next = afterStep ? await afterStep(params, step, log) : params;
        if (watch && (step % t.watchEvery === 0 || step === t.steps)) await watch(next, step, log);
        return next;
      },
      onResume: resumed(out, 'stage I'),
      onProgress: ({ step, loss }) => bar.update(step, `loss ${loss.toFixed(4)}`),
    });
    if (watch && t.steps === 0) {
      const log = openRunLogger(join(dir, 'tokenizer'));
      await watch(result.params, 0, log);
      log.close();
    }
    const params = frozen(result.params);
    const folder = join(dir, 'tokenizer', 'model');
    if (result.finished) {
      const saved: GssTokenizerConfig = {
        format: 'gss-tokenizer',
        version: 1,
        name: config.name,
        ...maskige,
        tokenizer,
        training: { seed: config.seed, steps: result.step, ...(t.recolour ? { recolour: true } : {}) },
      };
      await saveTokenizerFolder(folder, saved, part(params));
    }
    disposeTree(params as Tree<tf.Tensor>);
    return { finished: result.finished, seconds: result.seconds, folder: result.finished ? folder : undefined };
  } finally {
    bar.stop();
    for (const { optimizer } of [loop, ...(loop.further ?? [])]) optimizer.dispose();
    dispose?.();
  }
}

/** Stage I (§3.3): a tokenizer of the configured family learns to reconstruct the data's labels. */
export async function trainTokenizer(context: StageContext): Promise<StageResult> {
  const { config, train } = context;
  const t = config.tokenizer;
  if (t.masks === 'data' && train.dataset.length === 0)
    throw new UsageError('tokenizer.masks=data needs pictures: give --data DIR, or set tokenizer.masks=procedural.');
  if (t.masks === 'procedural' && t.family === 'uvim')
    throw new UsageError('tokenizer.masks=procedural: UViM reads the photo beside the mask. Train it on data.');
  if (t.recolour && (t.family !== 'compact' || t.codebook !== 'k-means' || t.classWeight > 0))
    throw new UsageError(
      'tokenizer.recolour=true is for the compact family with codebook=k-means and classWeight=0: no square and no class has a colour of its own.',
    );
  const maskige = maskigeConfig(config, train.classes);
  const K = train.classes.length;
  const codec = createMaskigeCodec(maskige, t.family === 'compact' ? 'maskige' : t.input);
  const rng = createRng(config.seed).fork('tokenizer');
  const family: FamilyContext = {
    steps: t.steps,
    classes: K,
    codec,
    rng,
    images: (batch) => (t.recolour ? recolouredTensor(batch, rng, K) : maskigeTensor(batch, codec, K)),
    photos: contextTensor,
    note: (text) => context.out.note(text),
    masks: () => masksOf(context, t.family === 'compact' ? t.codebookMasks : 0),
    probe: (count, salt) => probeBatches(context, count, salt),
  };
  try {
    switch (t.family) {
      case 'compact':
        return await runTraining(context, maskige, compactTraining(t, family));
      case 'dvae':
        return await runTraining(context, maskige, dvaeTraining(t, family));
      case 'vqgan':
        return await runTraining(context, maskige, vqganTraining(t, scheduleOf(t), family));
      case 'uvim':
        return await runTraining(context, maskige, uvimTraining(t, family));
    }
  } finally {
    codec.dispose();
  }
}
