import type { Sample, StreetSceneOptions } from '@gss/datasets';

/** A rendered picture, its truth and the names of the classes in it. */
export interface Scene extends Sample {
  readonly classes: readonly string[];
}

let worker: Worker | undefined;
let count = 0;
const waiting = new Map<number, { resolve(scene: Scene): void; reject(error: Error): void }>();

/** Renders a picture of synthetic-streets with its truth, in a worker. */
export function renderScene(options: StreetSceneOptions): Promise<Scene> {
  worker ??= start();
  const id = count++;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker!.postMessage({ id, options });
  });
}

function start(): Worker {
  const started = new Worker(new URL('./scene-worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<{ id: number; scene: Scene }>) => {
    waiting.get(data.id)?.resolve(data.scene);
    waiting.delete(data.id);
  };
  started.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message));
    waiting.clear();
  };
  return started;
}
