import { efficientnetMean, efficientnetStd } from '@gss/efficientnet';
import { priorVariants } from '@gss/prior';
import {
  type BackboneConfig,
  type BackboneName,
  backboneChannels,
  backboneVariants,
  decodesAlone,
  type GssModelConfig,
  type GssTokenizerConfig,
  imageNetMean,
  imageNetStd,
  type TokenizerConfig,
  twinHead,
} from '@gss/segmenter';
import { swinVariants } from '@gss/swin';
import { UsageError } from '../cli/errors.js';
import type { PriorTrainConfig } from '../config/schema.js';

const isName = (name: string): name is BackboneName => Object.hasOwn(backboneVariants, name);
const isSwin = (name: string): name is keyof typeof swinVariants => Object.hasOwn(swinVariants, name);

/** A variant by its name; Swin's also by their bare names (`nano`, `T`), as configs had them before there were others. */
function variant(name: PriorTrainConfig['backbone']): BackboneConfig {
  if (isName(name)) return backboneVariants[name];
  if (isSwin(name)) return { type: 'swin', config: swinVariants[name] };
  throw new UsageError(`prior.backbone: there is no variant ${name}.`);
}

/** The same backbone with stages frozen. */
function withFrozen(backbone: BackboneConfig, frozenStages: number): BackboneConfig {
  switch (backbone.type) {
    case 'swin':
      return { ...backbone, config: { ...backbone.config, frozenStages } };
    case 'resnet':
      return { ...backbone, config: { ...backbone.config, frozenStages } };
    case 'hrnet':
      return { ...backbone, config: { ...backbone.config, frozenStages } };
    case 'efficientnet':
      return { ...backbone, config: { ...backbone.config, frozenStages } };
  }
}

/** The backbone that a config asks for, with what it freezes. */
export function backboneOf({ backbone: name, freeze }: PriorTrainConfig): BackboneConfig {
  const plain = variant(name);
  const backbone = freeze && freeze.stages >= 0 ? withFrozen(plain, freeze.stages) : plain;
  if (!freeze?.norms) return backbone;
  if (backbone.type === 'swin') {
    throw new UsageError(
      `prior.freeze.norms: ${name} is a Swin, which normalises by LayerNorm: there are no statistics to freeze. Leave it out.`,
    );
  }
  return { ...backbone, normEval: true };
}

/** The head's keys for another token classifier than the reference's. */
const classifierOf = ({ classifier, classifierRank }: PriorTrainConfig) =>
  classifier === 'full' ? {} : { classifier, ...(classifierRank === undefined ? {} : { classifierRank }) };

/** A tied classifier's: a logit of each class for each pixel that a token covers. */
function tiedTo(tokenizer: TokenizerConfig, classes: number) {
  if (tokenizer.type === 'compact' && decodesAlone(tokenizer))
    return { classifier: 'tied', classifierRank: tokenizer.config.downsample ** 2 * classes } as const;
  throw new UsageError(
    'prior.classifier=tied: this tokenizer’s squares depend on their neighbours. Train one with tokenizer.variant=squares.',
  );
}

/** The model that stage II trains on a stage I. */
export function priorModel(
  name: string,
  p: PriorTrainConfig,
  { classes, palette, unlabelled, tokenizer, inverse, ft, ftw }: GssTokenizerConfig | GssModelConfig,
  vocabulary: number,
): GssModelConfig {
  const backbone = backboneOf(p);
  // The Lite checkpoints were trained with a normalisation of their own.
  const normalisation =
    backbone.type === 'efficientnet'
      ? { mean: efficientnetMean, std: efficientnetStd }
      : { mean: imageNetMean, std: imageNetStd };
  const head = {
    ...priorVariants[p.head],
    ...(p.fusionSize !== undefined && { fusionSize: p.fusionSize }),
    features: backboneChannels(backbone),
    classes: classes.length,
    vocabulary,
  };
  return {
    format: 'gss-model',
    version: 1,
    name,
    kind: p.kind,
    classes,
    palette,
    unlabelled,
    ...(p.kind === 'generative' ? { ...(inverse && { inverse }), ...(ft && { ft }), ...(ftw && { ftw }) } : {}),
    ...normalisation,
    backbone,
    prior:
      p.kind === 'discriminative'
        ? twinHead(head)
        : { ...head, ...(p.classifier === 'tied' ? tiedTo(tokenizer, classes.length) : classifierOf(p)) },
    tokenizer,
    decoding: p.decoding,
    inference: { ...(p.scale && { scale: p.scale }), ...p.inference },
  };
}
