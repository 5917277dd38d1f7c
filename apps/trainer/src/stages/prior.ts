import { join } from 'node:path';
import {
  createMaskigeCodec,
  type GssModelConfig,
  labelScale,
  type NetworkParams,
  networkSpec,
  openTokenizer,
} from '@gss/segmenter';
import { loadTokenizerFolder, saveModelFolder } from '@gss/segmenter/node';
import { createRng, disposeTree, frozen, initParams, type Spec, type Tree } from '@gss/tensor';
import { adamW, polySchedule } from '@gss/train';
import { createLoader, type TrainLoopResult, trainLoop } from '@gss/train/node';
import type { Tokenizer } from '@gss/vqvae';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../cli/errors.js';
import type { GssConfig } from '../config/schema.js';
import { trainingPipeline } from '../data/pipeline.js';
import { sameClasses } from '../data/sources.js';
import { cachedTokens, openTokens, whyNotCached } from '../data/tokens.js';
import { withInverse } from './posterior/open-model.js';
import { loadPretrained } from './pretrained.js';
import { openBalance } from './prior-balance.js';
import { evaluationFigure, openEvaluation } from './prior-evaluate.js';
import { openPriorLoss } from './prior-loss.js';
import { priorModel } from './prior-model.js';
import { priorRules, priorTrains } from './prior-rules.js';
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

/** Fresh parameters of a network, the backbone's from a file where the config names one. */
async function initialNetwork(
  model: GssModelConfig,
  pretrained: string | undefined,
  { seed, out }: { readonly seed: number; readonly out: StageContext['out'] },
): Promise<NetworkParams> {
  const spec = networkSpec(model);
  const rng = createRng(seed).fork('prior/init');
  if (pretrained === undefined) return initParams(spec, rng);
  const { params, report } = await loadPretrained(pretrained, model.backbone);
  const { loaded, expected, unused, naming, path } = report;
  out.note(`pretrained: ${loaded} of ${expected} tensors of the backbone from ${path} (names of ${naming})`);
  if (unused.length)
    out.note(
      `            unused: ${unused.slice(0, 6).join(', ')}${unused.length > 6 ? `, … (${unused.length})` : ''}`,
    );
  return { backbone: params, ...initParams({ decode_head: spec.decode_head }, rng) };
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
  const scale = labelScale(tokens, model.prior);
  if (generative) checkCrop(p.crop, tokens, scale);
  const spec = networkSpec(model);
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
      optimizer: adamW({ weightDecay: p.weightDecay, rules: priorRules(spec, model.backbone, p) }),
      trains: priorTrains(model),
      schedule: polySchedule({ base: p.lr, total: p.steps, power: p.power, warmup: { iterations: p.warmup } }),
      ...(p.clipNorm ? { clipNorm: p.clipNorm } : {}),
      ema: p.ema,
      checkpointEvery: p.checkpointEvery,
      init: () => initialNetwork(model, p.pretrained, { seed: config.seed, out }),
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
      loss: (params, batch, training) => objective.loss(params, batch, training),
      ...(evaluation ? { evaluate: evaluation.run, bestBy: evaluationFigure } : {}),
      evaluateEvery: p.evaluate?.every,
      keep: p.keep,
      onEvaluate: ({ step, figures, best }) => {
        const value = percent(figures[evaluationFigure]);
        const before = best && best.step !== step ? ` · best ${percent(best.value)} at step ${best.step}` : '';
        out.note(`step ${step}: mIoU ${value} on ${evaluation?.name}${before}`);
      },
      onProgress: ({ step, loss }) => bar.update(step, `loss ${loss.toFixed(4)}`),
    });
    tellKept(out, p, result);
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
    objective.dispose();
    codec.dispose();
    disposeTree(stage1.params as Tree<tf.Tensor>);
    if (stage1.inverse) disposeTree(stage1.inverse as Tree<tf.Tensor>);
  }
}
