import { join } from 'node:path';
import { priorLoss, priorVariants } from '@gss/prior';
import {
  createMaskigeCodec,
  type GssModelConfig,
  imageNetMean,
  imageNetStd,
  network,
  networkSpec,
  normalize,
  openTokenizer,
} from '@gss/segmenter';
import { loadTokenizerFolder, saveModelFolder } from '@gss/segmenter/node';
import { swinVariants } from '@gss/swin';
import { createRng, disposeTree, frozen, initParams, type Tree } from '@gss/tensor';
import { adamW, noDecayRules, polySchedule } from '@gss/train';
import { createLoader, trainLoop } from '@gss/train/node';
import type * as tf from '@tensorflow/tfjs-core';
import { trainingPipeline } from '../data/pipeline.js';
import { sameClasses } from '../data/sources.js';
import { imageTensor, labelTensor } from './batch.js';
import type { StageContext, StageResult } from './tokenizer.js';

/** Stage II (§3.4): the network learns the prior of the tokens; the tokenizer stays as it is. */
export async function trainPrior(context: StageContext & { readonly tokenizer: string }): Promise<StageResult> {
  const { config, train, dir, out, signal, resume } = context;
  const p = config.prior;
  const stage1 = await loadTokenizerFolder(context.tokenizer);
  const { classes, palette, unlabelled, tokenizer } = stage1.config;
  sameClasses(classes, train.classes, context.tokenizer);
  const codec = createMaskigeCodec({ palette, unlabelled });
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
  const spec = networkSpec(model);
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
      batches: (start) =>
        createLoader({
          source: train.source,
          length: train.dataset.length,
          pipeline: trainingPipeline(p, train.size),
          batchSize: p.batchSize,
          seed: config.seed,
          start,
        }),
      loss: (params, batch, training) => {
        const output = network(normalize(imageTensor(batch), model), params, model, training);
        const targets = {
          labels: labelTensor(batch),
          encode: (labels: tf.Tensor3D) => tokens.encode(codec.paint(labels)),
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
