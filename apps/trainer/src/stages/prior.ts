import { join } from 'node:path';
import { priorLoss, priorVariants } from '@gss/prior';
import {
  createMaskigeCodec,
  type GssModelConfig,
  imageNetMean,
  imageNetStd,
  labelScale,
  network,
  networkSpec,
  normalize,
  openTokenizer,
} from '@gss/segmenter';
import { loadTokenizerFolder, saveModelFolder } from '@gss/segmenter/node';
import { swinVariants } from '@gss/swin';
import { createRng, disposeTree, frozen, initParams, resize, type Tree } from '@gss/tensor';
import { adamW, noDecayRules, polySchedule } from '@gss/train';
import { createLoader, trainLoop } from '@gss/train/node';
import type { Tokenizer } from '@gss/vqvae';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../cli/errors.js';
import { trainingPipeline } from '../data/pipeline.js';
import { sameClasses } from '../data/sources.js';
import { cachedTokens, encodeLabels, openTokens, whyNotCached } from '../data/tokens.js';
import { contextTensor, imageTensor, labelTensor, scaleLabels } from './batch.js';
import type { StageContext, StageResult } from './stage.js';

/** Refuses crops whose tokens would not fill the tokenizer's squares. */
function checkCrop([H, W]: readonly [number, number], { multiple = 1 }: Tokenizer, scale: number): void {
  const side = Math.ceil(multiple / scale);
  if (H % side || W % side) {
    throw new UsageError(
      `prior.crop is ${H} × ${W}, but this tokenizer codes squares of ${side} × ${side} pixels. Give multiples of ${side}.`,
    );
  }
}

/** Stage II (§3.4): the network learns the prior of the tokens; the tokenizer stays as it is. */
export async function trainPrior(
  context: StageContext & { readonly tokenizer: string; readonly tokenCache?: string | undefined },
): Promise<StageResult> {
  const { config, train, dir, out, signal, resume } = context;
  const p = config.prior;
  const stage1 = await loadTokenizerFolder(context.tokenizer);
  const { classes, palette, unlabelled, tokenizer } = stage1.config;
  sameClasses(classes, train.classes, context.tokenizer);
  const codec = createMaskigeCodec({ palette, unlabelled }, tokenizer.input);
  const tokens = openTokenizer(tokenizer, stage1.params);
  const backbone = swinVariants[p.backbone];
  const model: GssModelConfig = {
    format: 'gss-model',
    version: 1,
    name: config.name,
    kind: 'generative',
    classes,
    palette,
    unlabelled,
    mean: imageNetMean,
    std: imageNetStd,
    backbone: { type: 'swin', config: backbone },
    prior: {
      ...priorVariants[p.head],
      features: backbone.channels,
      classes: classes.length,
      vocabulary: tokens.vocabulary,
    },
    tokenizer,
    decoding: 'argmax',
    inference: { mode: 'whole' },
  };
  const scale = labelScale(tokens, model.prior);
  checkCrop(p.crop, tokens, scale);
  const spec = networkSpec(model);
  const coder = { ...stage1, tokenizer: tokens, codec, scale };
  const pipeline = trainingPipeline(p, train.size);
  const notCached = context.tokenCache && whyNotCached(coder, pipeline, train.size);
  if (notCached) out.note(`--token-cache: not used, ${notCached}.`);
  const filled = p.fillUnlabelled !== 'colour';
  const cached =
    context.tokenCache && !notCached
      ? cachedTokens(await openTokens(context.tokenCache, coder), coder, { filled })
      : undefined;
  const bar = out.progress('stage II ', p.steps);
  try {
    const result = await trainLoop({
      dir: join(dir, 'prior'),
      spec,
      seed: config.seed,
      steps: p.steps,
      config: JSON.stringify({ stage: 'prior', seed: config.seed, prior: p, source: train.source, model }),
      resume,
      signal,
      optimizer: adamW({ weightDecay: p.weightDecay, rules: noDecayRules }),
      schedule: polySchedule({ base: p.lr, total: p.steps, power: p.power, warmup: { iterations: p.warmup } }),
      ...(p.clipNorm ? { clipNorm: p.clipNorm } : {}),
      checkpointEvery: p.checkpointEvery,
      init: () => initParams(spec, createRng(config.seed).fork('prior/init')),
      batches: (start) => {
        const loader = createLoader({
          source: train.source,
          length: train.dataset.length,
          pipeline,
          batchSize: p.batchSize,
          seed: config.seed,
          start,
        });
        return cached?.wrap(loader) ?? loader;
      },
      loss: (params, batch, training) => {
        const output = network(normalize(imageTensor(batch), model), params, model, training);
        const targets = {
          labels: labelTensor(scaleLabels(batch, scale)),
          encode: (labels: tf.Tensor3D) => {
            const kept = cached?.of(batch);
            if (kept) return kept;
            const [, H, W] = labels.shape;
            const context = tokens.needsContext ? resize(contextTensor(batch), [H, W]) : undefined;
            return filled ? tokens.encode(codec.paint(labels), context) : encodeLabels(batch, coder, context);
          },
        };
        const [tokenWeight, pixelWeight] = p.lossWeights;
        const { total, token, pixel } = priorLoss(output, targets, model.prior, {
          tokenWeight,
          pixelWeight,
          pixelSize: 'map',
        });
        return { loss: total, logs: { token, pixel } };
      },
      onProgress: ({ step, loss }) => bar.update(step, `loss ${loss.toFixed(4)}`),
    });
    if (cached) out.note(cached.summary);
    const trained = frozen(result.params);
    const folder = join(dir, 'model');
    if (result.finished) {
      const saved = { ...model, training: { seed: config.seed, steps: result.step, waiting: result.waiting } };
      await saveModelFolder(folder, saved, { ...trained, tokenizer: stage1.params });
    }
    disposeTree(trained as Tree<tf.Tensor>);
    return { finished: result.finished, seconds: result.seconds, folder: result.finished ? folder : undefined };
  } finally {
    bar.stop();
    codec.dispose();
    disposeTree(stage1.params as Tree<tf.Tensor>);
  }
}
