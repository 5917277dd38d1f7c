const waiting: (() => void)[] = [];
let running = false;

/** Does small jobs one after the other, each in a task of its own, so that clicks and frames come in between. */
export function inTurn(job: () => void): void {
  waiting.push(job);
  if (running) return;
  running = true;
  setTimeout(next);
}

function next(): void {
  const job = waiting.shift();
  running = job !== undefined;
  if (!job) return;
  setTimeout(next); // before the job: it may throw
  job();
}

/** A value that is made when it is asked for first. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
