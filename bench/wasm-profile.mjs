// Where the time of the wasm backend goes: every kernel with the shape of its result and its processor time.

const shapeOf = (made) => [made].flat().map(({ shape }) => `[${shape.join(',')}]`)[0];

/**
 * Runs `run` `rounds` times, once more before to warm up, and prints the kernels that took most processor time a round, then the
 * same by the shape of what they made. A kernel that runs another one counts its time too.
 */
export async function profileKernels(tf, run, { rounds = 5, lines = 20, shapes = 25 } = {}) {
  await run();
  const stock = tf.getKernelsForBackend(tf.getBackend());
  const [byName, byShape] = [new Map(), new Map()];
  const add = (map, key, ms) => {
    const { total, calls } = map.get(key) ?? { total: 0, calls: 0 };
    map.set(key, { total: total + ms, calls: calls + 1 });
  };
  const timed = (kernel) => ({
    ...kernel,
    setupFunc: undefined,
    disposeFunc: undefined,
    kernelFunc(params) {
      const before = process.cpuUsage();
      const made = kernel.kernelFunc(params);
      const { user, system } = process.cpuUsage(before);
      add(byName, kernel.kernelName, (user + system) / 1000);
      add(byShape, `${kernel.kernelName} → ${shapeOf(made)}`, (user + system) / 1000);
      return made;
    },
  });
  const replace = (kernels) => {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, kernel.backendName);
      tf.registerKernel(kernel);
    }
  };
  replace(stock.map(timed));
  const began = process.cpuUsage();
  try {
    for (let i = 0; i < rounds; i++) await run();
  } finally {
    replace(stock.map((kernel) => ({ ...kernel, setupFunc: undefined, disposeFunc: undefined })));
  }
  const { user, system } = process.cpuUsage(began);
  const inside = [...byName.values()].reduce((sum, { total }) => sum + total, 0);
  const each = (ms) => (ms / rounds).toFixed(1).padStart(8);
  console.log(`${each((user + system) / 1000)} ms of processor a round, ${each(inside)} of them in kernels`);
  const print = ([key, { total, calls }]) =>
    console.log(`${each(total)} ms ${String(calls / rounds).padStart(5)} × ${key}`);
  const ordered = (map) => [...map].toSorted(([, a], [, b]) => b.total - a.total);
  ordered(byName).slice(0, lines).forEach(print);
  ordered(byShape).slice(0, shapes).forEach(print);
}
