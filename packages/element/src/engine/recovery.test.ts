import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BackendName, ModelInfo, Result } from './api.js';
import { createEngine } from './engine.js';
import type { FromWorker, InitMessage, ToWorker } from './protocol.js';

/** A worker that answers what its script says: to each call a value, `lost`, or `crash`. */
class ScriptedWorker extends EventTarget {
  static made: ScriptedWorker[] = [];
  readonly calls: Extract<ToWorker, { type: 'call' }>[] = [];
  init: InitMessage | undefined;
  terminated = false;
  constructor(
    private readonly script: (method: string) => unknown,
    private readonly backend: (init: InitMessage) => BackendName | Error,
  ) {
    super();
    ScriptedWorker.made.push(this);
    queueMicrotask(() => this.say({ type: 'hello' }));
  }
  private say(data: FromWorker): void {
    if (!this.terminated) this.dispatchEvent(new MessageEvent('message', { data }));
  }
  postMessage(message: ToWorker): void {
    queueMicrotask(() => {
      if (message.type === 'init') {
        this.init = message;
        const name = this.backend(message);
        if (name instanceof Error) return this.say({ type: 'failed', message: name.message });
        return this.say({ type: 'ready', backend: { name, device: '', reason: `${name}.`, threads: 1, measured: [] } });
      }
      if (message.type !== 'call') return;
      this.calls.push(message);
      const value = this.script(message.method);
      if (value === 'lost') return this.say({ type: 'lost', message: 'driver reset' });
      if (value === 'crash') {
        this.dispatchEvent(Object.assign(new Event('error', { cancelable: true }), { message: 'boom' }));
        return;
      }
      this.say({ type: 'done', id: message.id, value: value as never });
    });
  }
  terminate(): void {
    this.terminated = true;
  }
}

const info = { name: 'm' } as ModelInfo;
const result = { width: 1 } as Result;
const image = {} as ImageData;
/** `segment` fails as the list says, one worker after another, then works. */
function engineWith(failures: string[], options: { backend?: BackendName } = {}) {
  const backend = ({ backend, prefer, excluded }: InitMessage): BackendName | Error => {
    if (backend) return backend;
    if (prefer && !excluded[prefer]) return prefer;
    return excluded.webgpu ? 'wasm' : 'webgpu';
  };
  const script = (method: string) => {
    if (method === 'load') return info;
    if (method === 'learn') return { weights: Uint8Array.of(ScriptedWorker.made.length), before: 0.5, after: 0.75 };
    if (method === 'segment') return failures.shift() ?? result;
    return undefined;
  };
  const changes: string[] = [];
  const engine = createEngine({
    ...options,
    worker: () => new ScriptedWorker(script, backend) as unknown as Worker,
    onBackend: ({ name }) => changes.push(name),
  });
  return { engine, changes };
}

beforeEach(() => {
  ScriptedWorker.made = [];
  vi.stubGlobal('document', { baseURI: 'https://example.org/page/' });
  vi.stubGlobal('navigator', {});
});
afterEach(() => vi.unstubAllGlobals());
const last = () => ScriptedWorker.made.at(-1)!;

test('a new worker gets the model and what was learned, then the call again', async () => {
  const { engine: starting, changes } = engineWith(['crash']);
  const engine = await starting;
  await engine.load('models/a');
  const labels = { data: new Uint8Array(1), width: 1, height: 1 };
  expect(await engine.learn([{ image, labels }])).toEqual({ before: 0.5, after: 0.75 });
  expect(await engine.segment(image)).toBe(result);
  expect(ScriptedWorker.made).toHaveLength(2);
  expect(ScriptedWorker.made[0]!.terminated).toBe(true);
  expect(last().calls.map(({ method }) => method)).toEqual(['load', 'setCorrection', 'segment']);
  expect(last().calls[0]!.args).toEqual({ source: 'https://example.org/page/models/a' });
  expect(last().calls[1]!.args).toEqual({ weights: Uint8Array.of(1) });
  expect(last().init).toMatchObject({ prefer: 'webgpu', excluded: {} });
  expect(engine.backend.reason).toBe('webgpu. Restarted: a worker died (boom).');
  expect(changes).toEqual(['webgpu']);
});

test('a device that is lost twice is left for the next backend', async () => {
  const { engine: starting, changes } = engineWith(['lost', 'lost']);
  const engine = await starting;
  await engine.load('m');
  expect(await engine.segment(image)).toBe(result);
  expect(ScriptedWorker.made).toHaveLength(3);
  expect(last().init?.excluded).toEqual({ webgpu: 'its device was lost twice (driver reset)' });
  expect(engine.backend.name).toBe('wasm');
  expect(changes).toEqual(['webgpu', 'wasm']);
});

test.each([
  ['one that was asked for is not replaced by another', ['lost', 'lost'], { backend: 'webgpu' }],
  ['two crashes end the call', ['crash', 'crash'], {}],
  ['three losses end the call', ['lost', 'lost', 'lost'], {}],
] as const)('%s; the next call works', async (_name, failures, options) => {
  const engine = await engineWith([...failures], options).engine;
  await engine.load('m');
  await expect(engine.segment(image)).rejects.toMatchObject({ name: 'WorkerCrashError' });
  expect(await engine.segment(image)).toBe(result);
});

test('a worker that does not start says why', async () => {
  const worker = () =>
    new ScriptedWorker(
      () => undefined,
      () => new Error('no backend works here'),
    ) as unknown as Worker;
  await expect(createEngine({ worker })).rejects.toThrow(
    'createEngine: the worker could not start: no backend works here',
  );
});

test('without a model calls are refused; undo without learning does nothing; dispose rejects what comes', async () => {
  const engine = await engineWith([]).engine;
  await expect(engine.segment(image)).rejects.toThrow('segment: no model is loaded. Call load(url) first.');
  await engine.load('m');
  await engine.undo();
  expect(engine.learned).toBe(0);
  engine.dispose();
  expect(last().terminated).toBe(true);
  await expect(engine.segment(image)).rejects.toThrow('the engine was disposed');
});
