import { expect, test, vi } from 'vitest';
import { createQueue } from './queue.js';

/** A task that ends when told. */
function task<T>(value: T) {
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const run = vi.fn(() => done.then(() => value));
  return { run, finish: () => finish() };
}

test('one at a time, in order, a failure stops nobody', async () => {
  const queue = createQueue();
  const [a, b] = [task('a'), task('b')];
  const first = queue.add(a.run);
  const failed = queue.add(() => Promise.reject(new Error('no')));
  const last = queue.add(b.run);
  failed.catch(() => undefined);
  await Promise.resolve();
  expect(b.run).not.toHaveBeenCalled();
  a.finish();
  b.finish();
  expect(await first).toBe('a');
  await expect(failed).rejects.toThrow('no');
  expect(await last).toBe('b');
});

test('an abort rejects at once: what waits never runs, what runs holds the next back until it has stopped', async () => {
  const queue = createQueue();
  const controller = new AbortController();
  const [a, b, c] = [task('a'), task('b'), task('c')];
  const running = queue.add(a.run, controller.signal);
  const waiting = queue.add(b.run, controller.signal);
  const next = queue.add(c.run);
  await Promise.resolve();
  controller.abort();
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect(c.run).not.toHaveBeenCalled();
  a.finish();
  c.finish();
  expect(await next).toBe('c');
  expect(b.run).not.toHaveBeenCalled();
  await expect(queue.add(a.run, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
});

test('closing rejects what runs, waits and comes', async () => {
  const queue = createQueue();
  const a = task('a');
  const calls = [queue.add(a.run), queue.add(a.run)];
  queue.close(new Error('closed'));
  for (const call of calls) await expect(call).rejects.toThrow('closed');
  await expect(queue.add(a.run)).rejects.toThrow('closed');
});
