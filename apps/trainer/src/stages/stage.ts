import type { Output } from '../cli/output.js';
import type { GssConfig } from '../config/schema.js';
import type { OpenedData } from '../data/sources.js';
import type { TrainingData } from '../data/training-data.js';

/** What a stage trains from. */
export interface StageContext {
  readonly config: GssConfig;
  readonly train: OpenedData;
  /** Opens what stage II is evaluated on while it trains; undefined where the config asks for no evaluation. */
  readonly evaluation?: TrainingData['evaluation'];
  /** Folder of the run; the stage writes DIR/tokenizer or DIR/prior and its model folder. */
  readonly dir: string;
  readonly out: Output;
  readonly signal: AbortSignal;
  readonly resume: boolean;
}

export interface StageResult {
  readonly finished: boolean;
  readonly seconds: number;
  /** The model folder that was written; undefined when interrupted. */
  readonly folder: string | undefined;
}

/** Says from where a stage goes on; for `onResume` of its loop. */
export const resumed =
  (out: Output, stage: string) =>
  ({ step, path }: { readonly step: number; readonly path: string }): void =>
    out.note(`${stage}: goes on from step ${step}, ${path}`);
