import { join } from 'node:path';
import { createMaskigeCodec, labelScale, type NetworkParams, networkSpec, openTokenizer } from '@gss/segmenter';
import { loadTokenizerFolder, saveModelFolder } from '@gss/segmenter/node';
import { disposeTree, frozen, type Spec, type Tree } from '@gss/tensor';
import { createLoader, type TrainLoopResult, trainLoop } from '@gss/train/node';
import type { Tokenizer } from '@gss/vqvae';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../cli/errors.js';
import type { GssConfig } from '../config/schema.js';
import { trainingPipeline } from '../data/pipeline.js';
import { sameClasses } from '../data/sources.js';
import { cachedTokens, openTokens, whyNotCached } from '../data/tokens.js';
import { skipOptions } from '../data/unreadable.js';
import { withInverse } from './posterior/open-model.js';
import { openBalance } from './prior-balance.js';
import { evaluationFigure, openEvaluation } from './prior-evaluate.js';
import { initialNetwork } from './prior-init.js';
import { openPriorLoss } from './prior-loss.js';
import { priorModel } from './prior-model.js';
import { priorLearning } from './prior-phases.js';
import { withTiedClassifier } from './prior-tied.js';
import { resumed, type StageContext, type StageResult } from './stage.js';

/** Refuses crops whose tokens would not fill the tokenizer's squares. */
function checkCrop([H, W]: readonly [number, number], { multiple = 1 }: Tokenizer, scale: number): void {
  const side = Math.ceil(multiple / scale);
  if (H % side || W % side) {
    throw new UsageError(
      `prior.crop is ${H} × ${W}, but this tokenizer codes squares of ${side} × ${side} pixels. Give multiples of ${side}.`,
    );
  }
}

const percent = (value: number | undefined) => (value === undefined ? '?' : value.toFixed(2));

/** Says which weights the model has, and where better ones are. */
function tellKept(
  out: StageContext['out'],
  { keep, evaluate }: GssConfig['prior'],
  { step, best, finished }: Pick<TrainLoopResult<Spec>, 'step' | 'best' | 'finished'>,
): void {
  if (!finished || !best) return;
  const of = `step ${best.step} (mIoU ${percent(best.value)})`;
  if (keep === 'best') {
    const caution = evaluate?.holdout ? '' : ' They were chosen on this split: their figure on it flatters.';
    out.note(`model: the best weights, of ${of}.${caution}`);
  } else out.note(`model: the weights of the last step, ${step}; the best were those of ${of}: ${best.path}`);
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
  const model = priorModel(config.name, p, stage1.config, tokens.vocabulary);
  const generative = model.kind === 'generative';
  if (generative && stage1.inverse && p.decoding === 'marginal')
    throw new UsageError(
      `prior.decoding=marginal: ${context.tokenizer} has a learned inverse, which reads colours. Take argmax.`,
    );
  const scale = labelScale(tokens, model.prior);
  if (generative) checkCrop(p.crop, tokens, scale);
  const spec = networkSpec(model);
  const learning = priorLearning(p, model, spec);
  const coder = { ...stage1, tokenizer: tokens, codec, scale };
  const balance = await openBalance(context, p);
  const pipeline = trainingPipeline(p, train.size, balance.crops);
  const notCached =
    context.tokenCache &&
    (generative ? whyNotCached(coder, pipeline, train.size) : 'the discriminative twin has no tokens');
  if (notCached) out.note(`--token-cache: not used, ${notCached}.`);
  const filled = p.fillUnlabelled !== 'nearest';
  const cached =
    context.tokenCache && !notCached
      ? cachedTokens(await openTokens(context.tokenCache, coder), coder, { filled })
      : undefined;
  const objective = openPriorLoss({ model, config: p, coder, cached, classWeights: balance.weights });
  if (objective.kept !== undefined)
    out.note(`token smoothing: ${percent(100 * objective.kept)} % of a target stays with its token on average.`);
  const whole = (network: NetworkParams) =>
    withInverse({ network, tokenizer: stage1.params }, generative ? stage1.inverse : undefined, model);
  const evaluation = await openEvaluation(context, model, whole);
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
      optimizer: learning.optimizer,
      trains: learning.trains,
      updates: learning.updates,
      schedule: learning.schedule,
      accumulate: p.accumulate,
      divergence: p.divergence,
      ...(p.clipNorm ? { clipNorm: p.clipNorm } : {}),
      ema: p.ema,
      checkpointEvery: p.checkpointEvery,
      init: async () => {
        const start = await initialNetwork(model, p, { seed: config.seed, out });
        return withTiedClassifier(start, model, { coder, train, init: p.init });
      },
      batches: (start) => {
        const loader = createLoader({
          source: train.source,
          length: train.dataset.length,
          pipeline,
          batchSize: p.batchSize,
          seed: config.seed,
          start,
          skip: skipOptions(config, out.note),
        });
        return cached?.wrap(loader) ?? loader;
      },
      loss: (params, batch, training, step) => objective.loss(params, batch, training, learning.modelAt(step)),
      ...(evaluation ? { evaluate: evaluation.run, bestBy: evaluationFigure } : {}),
      evaluateEvery: p.evaluate?.every,
      keep: p.keep,
      onEvaluate: ({ step, figures, best }) => {
        const value = percent(figures[evaluationFigure]);
        const before = best && best.step !== step ? ` · best ${percent(best.value)} at step ${best.step}` : '';
        out.note(`step ${step}: mIoU ${value} on ${evaluation?.name}${before}`);
      },
      onResume: resumed(out, 'stage II'),
      onProgress: ({ step, loss }) => bar.update(step, `loss ${loss.toFixed(4)}`),
    });
    tellKept(out, p, result);
    out.note(`stage II: ${percent(100 * result.waiting)} % of the time was spent waiting for data`);
    if (cached) out.note(cached.summary);
    const trained = frozen(result.params);
    const folder = join(dir, 'model');
    if (result.finished) {
      const saved = { ...model, training: { seed: config.seed, steps: result.step, waiting: result.waiting } };
      await saveModelFolder(folder, saved, whole(trained));
    }
    disposeTree(trained as Tree<tf.Tensor>);
    return { finished: result.finished, seconds: result.seconds, folder: result.finished ? folder : undefined };
  } finally {
    bar.stop();
    learning.optimizer.dispose();
    objective.dispose();
    codec.dispose();
    disposeTree(stage1.params as Tree<tf.Tensor>);
    if (stage1.inverse) disposeTree(stage1.inverse as Tree<tf.Tensor>);
  }
}
