/** What an installation is doing. Stages come in this order; `download` and `extract` repeat with growing `bytes`. */
export interface NativeProgress {
  readonly stage: 'check' | 'download' | 'verify' | 'extract' | 'build' | 'link' | 'done';
  /** One line for people. */
  readonly message: string;
  /** Bytes so far, where the stage counts them. */
  readonly bytes?: number;
  /** Bytes in all, where that is known. */
  readonly total?: number;
}

export type OnProgress = (progress: NativeProgress) => void;
