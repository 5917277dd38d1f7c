import type { BackendInfo, BackendName, Engine, ModelInfo, Result } from '@gss/element/engine';
import type { LabelMap, Palette } from '@gss/maskige';
import { safePalette } from '../lib/colours.js';
import { drawImage } from '../lib/draw.js';
import { renderScene } from '../lib/scenes.js';
import { text } from '../text.js';
import { listModels, modelFor, type PictureKind, type ServedModel } from './models.js';

export interface Picture {
  readonly image: ImageData;
  readonly name: string;
  readonly kind: PictureKind;
  /** Of rendered scenes: their labels, and the names of their classes. */
  readonly truth?: LabelMap & { readonly classes: readonly string[] };
}

/** Something that takes time, with how far it is. */
export interface Task {
  readonly message: string;
  readonly done: number;
  readonly total: number;
  cancel(): void;
}

export type Progress = (message: string, done?: number, total?: number) => void;
export type ColourChoice = 'model' | 'safe';

/**
 * What the views share: the engine, the model, the current picture and its result. Fires `change`. One task runs at a time; a new one
 * cancels the one before.
 */
export class Session extends EventTarget {
  engine: Engine | undefined;
  backend: BackendInfo | undefined;
  models: readonly ServedModel[] = [];
  /** The chosen model's id, 'auto', or 'own' for opened files. */
  modelChoice = 'auto';
  backendChoice: BackendName | 'auto' = 'auto';
  colours: ColourChoice = 'model';
  picture: Picture | undefined;
  result: Result | undefined;
  task: Task | undefined;
  message = '';
  error = '';
  #loaded = '';
  #files: readonly File[] = [];
  #listed: Promise<void> | undefined;
  #starting: Promise<Engine> | undefined;
  #scene = 0;

  get model(): ModelInfo | undefined {
    return this.engine?.model;
  }

  /** Drawing colours of the model's classes. */
  get palette(): Palette {
    const classes = this.model?.classes ?? [];
    return this.colours === 'safe' ? safePalette(classes.length) : classes.map(({ color }) => color);
  }

  /** Changes fields and tells the views. */
  set(change: Partial<Pick<Session, 'modelChoice' | 'colours' | 'picture' | 'result' | 'message' | 'error'>>): void {
    Object.assign(this, change);
    this.dispatchEvent(new Event('change'));
  }

  /** The models beside the page; asked for once. */
  list(): Promise<void> {
    this.#listed ??= listModels().then(
      (models) => {
        this.models = models;
        this.set({});
      },
      () => undefined,
    );
    return this.#listed;
  }

  /**
   * Runs something that can be cancelled, and says what came of it. Gives undefined where it was cancelled or failed; the message
   * of a failure is in `error`.
   */
  async run<T>(message: string, work: (signal: AbortSignal, progress: Progress) => Promise<T>): Promise<T | undefined> {
    this.task?.cancel();
    const controller = new AbortController();
    const cancel = () => controller.abort(new DOMException(text.cancelled, 'AbortError'));
    const mine = () => this.#current === controller;
    const progress: Progress = (what, done = 0, total = 0) => {
      if (!mine()) return;
      this.task = { message: what, done, total, cancel };
      this.set({});
    };
    this.#current = controller;
    this.error = '';
    progress(message);
    try {
      const value = await work(controller.signal, progress);
      if (mine()) this.task = undefined;
      controller.signal.throwIfAborted();
      return value;
    } catch (error) {
      if (mine()) {
        this.task = undefined;
        if (controller.signal.aborted) this.message = text.cancelled;
        else this.error = error instanceof Error ? error.message : String(error);
      }
      return undefined;
    } finally {
      this.set({});
    }
  }
  #current: AbortController | undefined;

  /** The engine with the model for a kind of picture. */
  async ready(kind: PictureKind, signal: AbortSignal, progress: Progress): Promise<Engine> {
    if (!this.engine) progress(text.startingEngine);
    this.#starting ??= this.#start();
    const engine = await this.#starting;
    await this.list();
    const { key, source } = this.#wanted(kind);
    if (key === this.#loaded && engine.model) return engine;
    signal.throwIfAborted();
    const name = key.replace(/^own:.*/, text.model.own);
    progress(text.loading(name, ' …'));
    await engine.load(source, {
      signal,
      onProgress: (done, total) =>
        progress(text.loading(name, text.partOf(text.megabytes(done), text.megabytes(total || done))), done, total),
    });
    this.#loaded = key;
    return engine;
  }

  #wanted(kind: PictureKind): { key: string; source: string | readonly File[] } {
    if (this.modelChoice === 'own') return { key: `own:${this.#files.map(({ name }) => name)}`, source: this.#files };
    const chosen = this.models.find(({ id }) => id === this.modelChoice) ?? modelFor(kind, this.models);
    if (!chosen) throw new Error(text.errors.noModel);
    return { key: chosen.id, source: new URL(chosen.url, document.baseURI).href };
  }

  async #start(): Promise<Engine> {
    try {
      const { startEngine } = await import('./engine.js');
      const backend = this.backendChoice === 'auto' ? undefined : this.backendChoice;
      const engine = await startEngine(backend, (info) => {
        this.backend = info;
        this.set({});
      });
      this.engine = engine;
      this.backend = engine.backend;
      return engine;
    } catch (error) {
      this.#starting = undefined;
      if (this.backendChoice === 'auto') throw error;
      const why = (error as Error).message.replace(/^.*no backend works here\. \w+: /, '');
      throw new Error(text.errors.backendFails(text.backend.names[this.backendChoice], why));
    }
  }

  /** Uses a model's files instead of the served ones. */
  openFiles(files: readonly File[]): void {
    this.#files = files;
    this.#loaded = '';
    this.set({ modelChoice: 'own' });
  }

  /** Starts again on another backend; what was learned is lost. */
  useBackend(choice: BackendName | 'auto'): void {
    this.task?.cancel();
    this.engine?.dispose();
    this.engine = undefined;
    this.backend = undefined;
    this.#starting = undefined;
    this.#loaded = '';
    this.backendChoice = choice;
    this.set({ result: undefined });
  }

  /** A rendered street with its truth. */
  async scene(index = this.#scene++): Promise<Picture> {
    await this.list();
    const wanted = this.models.find(({ id }) => id === this.modelChoice) ?? modelFor('scene', this.models);
    const variety = wanted?.id === 'quickstart' ? 'calm' : 'full'; // what `npm start` trains has seen calm streets only
    const size = { width: 256, height: 192 };
    const { image, labels, name, classes } = await renderScene({ seed: 1, index, ...size, split: 'test', variety });
    return { image: drawImage(image), truth: { ...labels, classes }, name, kind: 'scene' };
  }

  /** The truth of the picture where it is in the model's classes. */
  get truth(): LabelMap | undefined {
    const truth = this.picture?.truth;
    const names = this.model?.classes.map(({ name }) => name);
    return truth && names?.join() === truth.classes.join() ? truth : undefined;
  }

  /** Renders and segments the next scene. */
  async nextScene(): Promise<Result | undefined> {
    return this.segment(await this.scene());
  }

  /**
   * Segments a picture and keeps both; the one before stays where it is cancelled or fails. A frame of the camera says no more than
   * that the camera is on: figures would be spoken several times a second.
   */
  async segment(picture: Picture, frame = false): Promise<Result | undefined> {
    if (Math.min(picture.image.width, picture.image.height) < 16) {
      this.set({ error: text.errors.tooSmall });
      return undefined;
    }
    const running = frame ? text.segment.live : text.segment.running;
    return this.run(running, async (signal, progress) => {
      const engine = await this.ready(picture.kind, signal, progress);
      progress(running);
      const result = await engine.segment(picture.image, {
        signal,
        onProgress: (done, total) => progress(total > 1 ? text.segment.windows(done, total) : running, done, total),
      });
      this.picture = picture;
      this.result = result;
      const size = text.size(result.width, result.height);
      this.message = frame ? running : text.segment.done(text.milliseconds(result.timings.total), size);
      return result;
    });
  }
}

/** Labels of a result as a map. */
export const labelsOf = ({ labels, width, height }: Result): LabelMap => ({ data: labels, width, height });
