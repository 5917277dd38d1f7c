import type { MaskigeCodec, TokenizerConfig, TokenizerParams } from '@gss/segmenter';
import type { ParamsOf, Rng, Spec } from '@gss/tensor';
import { type Batch, DivergedError, type RunLogger, type TrainLoopOptions } from '@gss/train/node';
import { type CodebookUsage, codebookUsage, countTokens, refuseCollapse, type Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';

/** One label map, [height · width], K and above unlabelled. */
export interface MaskMap {
  readonly labels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What a family gets from the stage to set itself up. */
export interface FamilyContext {
  /** Updates of the whole run. */
  readonly steps: number;
  /** K */
  readonly classes: number;
  readonly codec: MaskigeCodec;
  /** The run's random source: fork it. */
  readonly rng: Rng;
  /** What the tokenizer reads of a batch, [B, H, W, C] in [0, 1]. */
  readonly images: (batch: Batch) => tf.Tensor4D;
  /** The photos of a batch, [B, H, W, 3] in [0, 1]. */
  readonly photos: (batch: Batch) => tf.Tensor4D;
  /** Tells people something, once. */
  readonly note: (text: string) => void;
  /** Whole label maps of the training data, the same ones in the same order at every call. */
  readonly masks: () => AsyncIterable<MaskMap>;
  /** `count` batches at fixed places of the data, the same at every call with the same `salt`. */
  readonly probe: (count: number, salt: number) => Promise<Batch[]>;
}

type LoopPart<S extends Spec> = Pick<
  TrainLoopOptions<S, Batch>,
  'spec' | 'init' | 'prepare' | 'loss' | 'optimizer' | 'further' | 'afterStep'
>;

/**
 * How a family trains: its part of the training loop, and where in the trained tree the tokenizer is (an adversary may lie
 * beside it).
 */
export interface TokenizerTraining<S extends Spec> extends LoopPart<S> {
  readonly tokenizer: TokenizerConfig;
  readonly part: (params: ParamsOf<S>) => TokenizerParams;
  /** Called every `watchEvery` steps: logs the codebook, throws at a collapse. */
  readonly watch?: (params: ParamsOf<S>, step: number, log: RunLogger) => Promise<void>;
  /** Frees what the family keeps beside its parameters. */
  readonly dispose?: () => void;
}

/** Arrays one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Logs a codebook's usage; throws DivergedError with the reason where it has collapsed and `judge` says that it counts. */
export function reportUsage(usage: CodebookUsage, step: number, log: RunLogger, judge = true): void {
  const { perplexity, used, dead } = usage;
  log.scalars(step, { 'codebook/perplexity': perplexity, 'codebook/used': used, 'codebook/dead': dead.length });
  if (!judge) return;
  try {
    refuseCollapse(usage, { loss: 0, step });
  } catch (error) {
    throw new DivergedError((error as Error).message);
  }
}

/** The part of a run in which a codebook may still be nearly unused: it is logged, but no collapse is called. */
const graceShare = 0.25;

/** The watch of families whose codebook looks after itself: counts the tokens of four fixed batches. */
export function watchTokens<P>(
  open: (params: P) => Tokenizer,
  { images, photos, probe, steps }: FamilyContext,
): (params: P, step: number, log: RunLogger) => Promise<void> {
  let batches: Promise<Batch[]> | undefined;
  return async (params, step, log) => {
    batches ??= probe(4, 0);
    const { encode, vocabulary, needsContext } = open(params);
    const counts = new Float64Array(vocabulary);
    for (const batch of await batches) {
      const tokens = tf.tidy(() => encode(images(batch), needsContext ? photos(batch) : undefined));
      countTokens(counts, await tokens.data());
      tokens.dispose();
    }
    reportUsage(codebookUsage(counts), step, log, step >= graceShare * steps);
  };
}
