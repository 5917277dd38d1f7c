// Where the time of the native backend goes: every operation of TensorFlow, with its processor time.

const shapeOf = (made) => made.map(({ shape }) => `[${shape.join(',')}]`).join(' ');

/**
 * Runs `run` once and prints the operations that took most processor time (all threads), and how often they ran. An
 * operation's time ends when its call returns: TensorFlow's eager operations on a processor have then run.
 */
export async function profileOperations(tf, run, { lines = 25, shapes = 12 } = {}) {
  const backend = tf.backend();
  const { binding } = backend; // its functions are read-only, so another object stands in for it
  const [byName, byShape] = [new Map(), new Map()];
  const add = (map, key, ms) => {
    const { total, calls } = map.get(key) ?? { total: 0, calls: 0 };
    map.set(key, { total: total + ms, calls: calls + 1 });
  };
  const begin = process.cpuUsage();
  const executeOp = (name, ...rest) => {
    const before = process.cpuUsage();
    const made = binding.executeOp(name, ...rest);
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    add(byName, name, ms);
    add(byShape, `${name} → ${shapeOf(made)}`, ms);
    return made;
  };
  backend.binding = Object.create(binding, { executeOp: { value: executeOp } });
  try {
    await run();
  } finally {
    backend.binding = binding;
  }
  const { user, system } = process.cpuUsage(begin);
  const all = (user + system) / 1000;
  const ordered = (map) => [...map].toSorted(([, a], [, b]) => b.total - a.total);
  const inside = [...byName.values()].reduce((sum, { total }) => sum + total, 0);
  console.log(`    ${all.toFixed(0)} ms of processor, ${inside.toFixed(0)} of them in operations`);
  const print = ([key, { total, calls }]) =>
    console.log(`    ${total.toFixed(1).padStart(8)} ms ${String(calls).padStart(5)} × ${key}`);
  ordered(byName).slice(0, lines).forEach(print);
  ordered(byShape).slice(0, shapes).forEach(print);
}
