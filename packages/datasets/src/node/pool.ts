/**
 * Runs a task for 0..count-1, so many at a time. Stops at the first error or when `signal` is aborted, and settles only when no
 * task is running any more: what follows may close what the tasks use.
 */
export async function runPool(
  count: number,
  atOnce: number,
  task: (index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next++;
      try {
        signal?.throwIfAborted();
        await task(index);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, count) }, lane));
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
}
