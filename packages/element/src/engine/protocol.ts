import type { AugmentOptions } from '@gss/segmenter';
import type {
  BackendInfo,
  BackendName,
  Decoded,
  Example,
  ImageInput,
  LabelImage,
  Learned,
  ModelInfo,
  Recoded,
  Result,
  SampleResult,
  TokenMap,
} from './api.js';

/** What a worker is told before anything else. */
export interface InitMessage {
  readonly type: 'init';
  /** Takes this one or fails. */
  readonly backend?: BackendName | undefined;
  /** Takes this one first, without measuring: what ran before a restart. */
  readonly prefer?: BackendName | undefined;
  /** Backends not to take any more, and why. */
  readonly excluded: Readonly<Partial<Record<BackendName, string>>>;
  readonly wasmPaths?: string | Readonly<Record<string, string>> | undefined;
  readonly threads?: number | undefined;
  /** A Web Lock that the worker holds as long as it lives: how the page sees a silent death. */
  readonly lock: string;
}

/** Calls: arguments and result. */
export interface Methods {
  load: { args: { readonly source: string | readonly File[] }; result: ModelInfo };
  unload: { args: Record<never, never>; result: undefined };
  segment: {
    args: {
      readonly image: ImageInput;
      readonly scores?: boolean | undefined;
      readonly augment?: AugmentOptions | undefined;
    };
    result: Result;
  };
  sample: {
    args: {
      readonly image: ImageInput;
      readonly count?: number | undefined;
      readonly temperature?: number | undefined;
      readonly topK?: number | undefined;
      readonly seed?: number | undefined;
    };
    result: SampleResult;
  };
  recode: { args: { readonly labels: LabelImage }; result: Recoded };
  decode: { args: { readonly tokens: TokenMap }; result: Decoded };
  /** Gives the learned weights as a safetensors file, not yet in place. */
  learn: {
    args: { readonly examples: readonly Example[]; readonly steps: number; readonly lr: number };
    result: Learned & { readonly weights: Uint8Array<ArrayBuffer> };
  };
  /** Puts learned weights in place, or none. */
  setCorrection: { args: { readonly weights: Uint8Array<ArrayBuffer> | undefined }; result: undefined };
  memory: { args: Record<never, never>; result: { readonly tensors: number; readonly bytes: number } };
}
export type Method = keyof Methods;
export type Args<M extends Method> = Methods[M]['args'];
export type Value<M extends Method> = Methods[M]['result'];

export type ToWorker =
  | InitMessage
  | { readonly type: 'call'; readonly id: number; readonly method: Method; readonly args: Args<Method> }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'test'; readonly what: 'error' | 'silent' | 'lose-device' };

export type FromWorker =
  | { readonly type: 'hello' }
  | { readonly type: 'ready'; readonly backend: BackendInfo }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'done'; readonly id: number; readonly value: Value<Method> }
  | { readonly type: 'error'; readonly id: number; readonly name: string; readonly message: string }
  | { readonly type: 'progress'; readonly id: number; readonly done: number; readonly total: number }
  /** The GPU is gone: the worker is of no more use. */
  | { readonly type: 'lost'; readonly message: string };
