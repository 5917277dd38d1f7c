import type { AugmentOptions } from '@gss/segmenter';

/** The engines of tfjs that a browser may have, fastest first. */
export type BackendName = 'webgpu' | 'webgl' | 'wasm';

/** What the worker computes on, and why. */
export interface BackendInfo {
  readonly name: BackendName;
  /** What it runs on, for people. */
  readonly device: string;
  /** Why this one, in a sentence or two; names the ones that are missing, slower or lost. */
  readonly reason: string;
  /** Threads of the wasm backend (1 unless the page is cross-origin isolated); 1 on a GPU. */
  readonly threads: number;
  /** The probe, a 3×3 convolution of 0.3 GFLOP, on every backend that was tried. */
  readonly measured: readonly { readonly name: BackendName; readonly milliseconds: number }[];
}

export interface EngineOptions {
  /** Takes this one or rejects. Default: the fastest of those that work. */
  readonly backend?: BackendName;
  /**
   * Where the three .wasm files of @tensorflow/tfjs-backend-wasm are: a folder's URL, or a URL by file name. Default: `wasm/`
   * beside the worker's file, where the package's build puts them.
   */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
  /**
   * Threads of the wasm backend where the page is cross-origin isolated; elsewhere there is one. At most eight, and at most half of the
   * processor's logical cores, which is the default.
   */
  readonly threads?: number;
  /** Makes the worker, where a bundler needs it spelt out. Default: the package's own module worker. */
  readonly worker?: () => Worker;
  /** Called when a lost device or a crash has changed what the engine computes on. */
  readonly onBackend?: (backend: BackendInfo) => void;
}

/** A picture: pixels, a decoded bitmap, or an encoded file (PNG, JPEG, WebP, …). It stays the caller's. */
export type ImageInput = ImageData | ImageBitmap | Blob;

/** Class of every pixel, row by row; 255 is unlabelled. */
export interface LabelImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Token map, row by row; tokens in [0, vocabulary). Empty (0 × 0) where windows or passes do not join. */
export interface TokenMap {
  readonly data: Int32Array;
  readonly width: number;
  readonly height: number;
}

/** An RGBA picture, opaque: `new ImageData(data, width, height)` shows it. */
export interface RgbaPicture {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** What a loaded model is. */
export interface ModelInfo {
  readonly name: string;
  readonly kind: 'generative' | 'discriminative';
  /** Names and drawing colours (0..255), in class order. */
  readonly classes: readonly { readonly name: string; readonly color: readonly [number, number, number] }[];
  /** β: the colour of each class in a maskige, 0..255. */
  readonly palette: readonly (readonly [number, number, number])[];
  readonly unlabelled: readonly [number, number, number];
  /** Pixels of the image a token covers along each side, and the number of codes; absent for a discriminative model. */
  readonly tokens?: { readonly size: number; readonly vocabulary: number };
  /** The model's own 𝒳⁻¹: `fixed` by the palette, `learned` (FT, FT-W), or `pixel head` of a discriminative model. */
  readonly inverse: 'fixed' | 'learned' | 'pixel head';
  readonly parameters: number;
  /** Bytes of the files. */
  readonly bytes: number;
  /** `sha256`: the files are those of manifest.json. `size`: it could not be hashed here. `none`: there is no manifest. */
  readonly verified: 'sha256' | 'size' | 'none';
  /** Whether the weights came out of the browser's storage. */
  readonly cached: boolean;
}

/** Milliseconds of the stages. With augmentation, or the model's own windows, everything but `prepare` counts as `prior`. */
export interface Timings {
  /** Reading the picture and putting it on the device. */
  readonly prepare: number;
  /** Image → tokens. */
  readonly prior: number;
  /** Tokens → maskige. */
  readonly decoder: number;
  /** Maskige → labels. */
  readonly inverse: number;
  readonly total: number;
}

export interface Result {
  readonly width: number;
  readonly height: number;
  /** Class of every pixel. */
  readonly labels: Uint8Array;
  /** The generated maskige, RGBA. */
  readonly maskige: Uint8ClampedArray<ArrayBuffer>;
  /** The prior's certainty per pixel, 0..255. */
  readonly confidence: Uint8Array;
  readonly tokens: TokenMap;
  /** Share of the pixels of every class, sums to 1. */
  readonly shares: readonly number[];
  /** p(class) per pixel in 0..255, [H, W, K]; only where asked for. */
  readonly scores?: Uint8Array;
  readonly timings: Timings;
}

/** Options of every call that takes time. */
export interface CallOptions {
  /** Rejects the call at once with the signal's reason; the worker stops at its next window, stage or step. */
  readonly signal?: AbortSignal;
}

export interface LoadOptions extends CallOptions {
  /** Bytes of all files; `total` is 0 where the server does not tell. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface SegmentOptions extends CallOptions {
  /** Windows done of all; a small image is one window. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Gives `Result.scores` too. */
  readonly scores?: boolean;
  /** Averages over scales and mirror images. */
  readonly augment?: AugmentOptions;
}

export interface SampleRequest extends CallOptions {
  /** How many masks, default 8. */
  readonly count?: number;
  /** T ≥ 0 of p(z|x)^(1/T), default 1. */
  readonly temperature?: number;
  /** Draw among the k most probable tokens only. Default: all. */
  readonly topK?: number;
  /** Default 0. The same seed gives the same masks. */
  readonly seed?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface SampleResult {
  readonly width: number;
  readonly height: number;
  readonly masks: readonly Uint8Array[];
  /** RGBA. */
  readonly maskiges: readonly Uint8ClampedArray<ArrayBuffer>[];
  /** Share of the samples that give a pixel its most frequent class, 0..255. */
  readonly agreement: Uint8Array;
}

/** What a token map decodes to. */
export interface Decoded {
  readonly maskige: RgbaPicture;
  readonly labels: LabelImage;
}

export interface Recoded extends Decoded {
  readonly tokens: TokenMap;
}

/** A picture and its corrected mask, of the same size; 255 where nothing is said. */
export interface Example {
  readonly image: ImageInput;
  readonly labels: LabelImage;
}

export interface LearnOptions extends CallOptions {
  /** Default 100. */
  readonly steps?: number;
  /** Learning rate of Adam, default 0.02. */
  readonly lr?: number;
  /** After every step: its number from 1, and its mean cross entropy in nats. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** Share of the examples' labelled pixels that get their label, 0..1, before and after learning; `after` is never the smaller. */
export interface Learned {
  readonly before: number;
  readonly after: number;
}

/** For tests and bug reports. */
export interface Diagnostics {
  /** tf.memory() of the worker. */
  memory(): Promise<{ readonly tensors: number; readonly bytes: number }>;
  /** Lets the worker die: by an uncaught error, or silently. */
  crash(how?: 'error' | 'silent'): void;
  /** Destroys the GPU device (WebGPU), or loses the context (WebGL). */
  loseDevice(): void;
  /** Workers started so far. */
  readonly workers: number;
}

/**
 * A model in a worker. Calls may overlap: they are queued, one computes at a time. A worker that dies, or loses its GPU, is
 * replaced, the model (and what was learned) is loaded again and the call that ran is made once more; if it fails again, it
 * rejects with a WorkerCrashError, and the engine goes on with the next call.
 */
export interface Engine {
  readonly backend: BackendInfo;
  /** The model that is loaded. */
  readonly model: ModelInfo | undefined;
  /**
   * Loads a model folder by its URL (config.json and model.safetensors, or an index and its shards, and optionally manifest.json)
   * or its files. Downloads are kept in Cache Storage, continue where they broke off, and are checked against the manifest.
   * Replaces the model that was loaded and forgets what was learned; after a failure the old one stays.
   */
  load(model: string | readonly File[], options?: LoadOptions): Promise<ModelInfo>;
  segment(image: ImageInput, options?: SegmentOptions): Promise<Result>;
  /** Several plausible masks, drawn from the prior. Generative models only. */
  sample(image: ImageInput, options?: SampleRequest): Promise<SampleResult>;
  /** A painted mask through the tokenizer: labels → maskige → tokens → maskige → labels. */
  recode(labels: LabelImage, options?: CallOptions): Promise<Recoded>;
  /** Tokens → maskige → labels. */
  decode(tokens: TokenMap, options?: CallOptions): Promise<Decoded>;
  /**
   * Fits a correction of 𝒳⁻¹ (the convolutions of GSS-FT, added to the model's own inverse) to corrected masks; `segment`, `sample`,
   * `recode` and `decode` use it from then on. Called again it goes on. Of the states on its way it takes the one that agrees best with the
   * examples, the first included. An aborted call changes nothing.
   */
  learn(examples: readonly Example[], options?: LearnOptions): Promise<Learned>;
  /** Takes the last `learn` back; does nothing where there was none. */
  undo(): Promise<void>;
  /** How many `learn`s can be undone. */
  readonly learned: number;
  /** What was learned, as a safetensors file. */
  exportWeights(): Promise<Blob>;
  /** Frees the model; the worker stays. */
  unload(): Promise<void>;
  /** Ends the worker and rejects what waits. */
  dispose(): void;
  readonly diagnostics: Diagnostics;
}
