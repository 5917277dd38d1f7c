import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { PosteriorVariantName } from '@gss/posterior';
import { UsageError } from '../cli/errors.js';
import type { GssConfig } from '../config/schema.js';
import { posteriorPlan } from './posterior/plan.js';
import { checkAroundModel, trainPosterior } from './posterior/posterior.js';
import { trainPrior } from './prior.js';
import type { StageContext, StageResult } from './stage.js';
import { trainTokenizer } from './tokenizer.js';

/** What a run of all stages gets besides a stage's context. */
export interface AllContext extends StageContext {
  readonly tokenCache?: string | undefined;
  /** A tokenizer folder that there is, in place of training one. */
  readonly tokenizer?: string | undefined;
}

/** One stage of a whole training. `folders` are those that the stages before it left, by their names. */
export interface TrainStage {
  readonly name: string;
  /** Keys of the config that its result depends on, besides those of the stages before it. */
  readonly keys: readonly (keyof GssConfig)[];
  readonly wanted: (config: GssConfig) => boolean;
  readonly run: (context: AllContext, folders: ReadonlyMap<string, string>) => Promise<StageResult>;
}

const needsModel = (variant: PosteriorVariantName | undefined) => variant === 'ft' || variant === 'ft-w';

/**
 * The stages in order. Palette and free inverse (ff-r, ff, tf, tt) belong to the tokenizer that stage II learns to predict;
 * ft and ft-w learn from the tokens that its model predicts.
 */
export const trainStages: readonly TrainStage[] = [
  { name: 'tokenizer', keys: ['tokenizer'], wanted: () => true, run: trainTokenizer },
  {
    name: 'palette',
    keys: ['posterior'],
    wanted: ({ posterior }) => posterior !== undefined && !needsModel(posterior.variant),
    run: (context, folders) => trainPosterior({ ...context, tokenizer: folders.get('tokenizer') }),
  },
  {
    name: 'prior',
    keys: ['prior'],
    wanted: () => true,
    run: (context, folders) =>
      trainPrior({ ...context, tokenizer: (folders.get('palette') ?? folders.get('tokenizer'))! }),
  },
  {
    name: 'inverse',
    keys: ['posterior'],
    wanted: ({ posterior, prior }) => needsModel(posterior?.variant) && prior.kind === 'generative',
    run: (context, folders) => trainPosterior({ ...context, model: folders.get('prior') }),
  },
];

/** Refuses now what the posterior stage would refuse after the stages before it. */
function checkPosterior(config: GssConfig): void {
  if (!config.posterior) return;
  const plan = posteriorPlan(config);
  const prior = (['soft', 'marginal'] as const).find((side) => plan.inverse[side]);
  if (needsModel(plan.variant)) checkAroundModel(plan);
  else if (prior)
    throw new UsageError(
      `posterior.inverse.${prior} is for ft-w, which reads what the prior predicts; this is ${plan.variant}.`,
    );
  if (plan.variant === 'tt' && config.prior.decoding === 'marginal')
    throw new UsageError(
      'prior.decoding=marginal sums over codes, which leaves no use for the inverse of tt. Take argmax.',
    );
}

interface Done {
  readonly name: string;
  readonly of: string;
  readonly folder: string;
}

function readDone(path: string): Done[] {
  if (!existsSync(path)) return [];
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { stages: Done[] }).stages;
  } catch {
    return []; // written by hand, or half copied: the stages look for their checkpoints themselves
  }
}

/** What a stage's result depends on, as a fingerprint. */
function fingerprint({ config, train, tokenizer }: AllContext, stages: readonly TrainStage[]): string {
  const keys = new Set(stages.flatMap(({ keys }) => keys));
  const parts = [...keys].map((key) => [key, config[key]]);
  const data = { source: train.source, classes: train.classes.map(({ name }) => name) };
  return createHash('sha256')
    .update(JSON.stringify([config.name, config.seed, parts, data, ...(tokenizer ? [resolve(tokenizer)] : [])]))
    .digest('hex');
}

/**
 * Every stage that a config has, from labels to a model folder, which the result names. With `resume` those that finished are
 * skipped and the interrupted one goes on from its checkpoint; DIR/stages.json says which finished with which config.
 */
export async function trainAll(context: AllContext, stages = trainStages): Promise<StageResult> {
  const { config, dir, out, resume, tokenizer } = context;
  const path = join(dir, 'stages.json');
  const before = resume ? readDone(path) : [];
  const wanted = stages.filter((stage) => stage.wanted(config) && !(tokenizer && stage.name === 'tokenizer'));
  if (wanted.some(({ keys }) => keys.includes('posterior'))) checkPosterior(config);
  const done: Done[] = [];
  const folders = new Map(tokenizer ? [['tokenizer', tokenizer]] : []);
  let seconds = 0;
  for (const [i, stage] of wanted.entries()) {
    const { name } = stage;
    const of = fingerprint(context, wanted.slice(0, i + 1));
    const found = before.find(
      (one) => one.name === name && one.of === of && existsSync(join(one.folder, 'config.json')),
    );
    if (found) {
      out.note(`${i + 1}/${wanted.length} ${name}: finished before, ${found.folder}`);
      done.push(found);
      folders.set(name, found.folder);
      continue;
    }
    out.note(`${i + 1}/${wanted.length} ${name}`);
    const result = await stage.run(context, folders);
    seconds += result.seconds;
    if (!result.finished || result.folder === undefined) return { finished: false, seconds, folder: undefined };
    done.push({ name, of, folder: result.folder });
    folders.set(name, result.folder);
    await writeFileAtomic(path, `${JSON.stringify({ stages: done }, null, 2)}\n`);
  }
  return { finished: true, seconds, folder: done.at(-1)?.folder };
}
