/** What the worker uses of its global scope. */
export interface WorkerScope {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  close(): void;
}

/** How a call is watched while it runs. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

/** Lets messages in, an abort for one, then stops if there was one. */
export async function breathe({ signal }: CallContext): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  signal.throwIfAborted();
}
