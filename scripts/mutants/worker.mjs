// Tries mutants one after another: a child process of run.mjs, which kills it when a mutant does not come to an end.
import { Worker } from 'node:worker_threads';

const [bundle, slow] = process.argv.slice(2);

/** Processor seconds that what runs now may take; a thread looks on, since a mutant without end never yields. */
const limit = new Float64Array(new SharedArrayBuffer(8)).fill(Number.POSITIVE_INFINITY);
const watch = `const { workerData: limit } = require('node:worker_threads');
const spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
setInterval(() => spent() > limit[0] && process.kill(process.pid, 'SIGKILL'), 200);`;
new Worker(watch, { eval: true, workerData: limit });
function allow(seconds) {
  const { user, system } = process.cpuUsage();
  limit[0] = (user + system) / 1e6 + seconds;
}

/** What the instrumented sources ask at every place that has a mutant. */
let active = -1;
const seen = new Uint8Array(1 << 16);
globalThis.__mutant = (id) => {
  seen[id] = 1;
  return id === active;
};

async function load(tag) {
  const { tests } = await import(`${bundle}?${tag}`);
  return tests;
}

/** Which mutants' places each test reaches, and how long it takes. */
async function baseline() {
  const report = [];
  for (const { name, run } of await load('baseline')) {
    if (new RegExp(slow).test(name)) continue;
    seen.fill(0);
    const start = process.cpuUsage();
    let error;
    try {
      await run();
    } catch (thrown) {
      error = String(thrown?.message ?? thrown).split('\n')[0];
    }
    const { user, system } = process.cpuUsage(start);
    report.push({ name, error, ms: (user + system) / 1000, reached: [...seen.keys()].filter((id) => seen[id]) });
  }
  return report;
}

/** The name of the first test that fails with the mutant, or undefined: it survives. */
async function attempt(id, names) {
  active = id;
  try {
    const tests = new Map((await load(`mutant=${id}`)).map((test) => [test.name, test.run]));
    for (const name of names) {
      try {
        await tests.get(name)();
      } catch {
        return name;
      }
    }
    return undefined;
  } catch {
    return 'loading';
  } finally {
    active = -1;
  }
}

process.on('message', async ({ id, names, seconds }) => {
  allow(seconds);
  if (id === undefined) process.send({ report: await baseline() });
  else process.send({ id, killedBy: await attempt(id, names) });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
