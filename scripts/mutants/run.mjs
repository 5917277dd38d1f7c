// Mutation testing of the small packages: `node scripts/mutants/run.mjs maskige|metrics [--every N] [FILE …]`, files
// relative to the package's src (default: its core), every Nth mutant (default: all). Each is tried against the tests that
// reach it, the quick ones first; those that survive are listed. In memory only: no source is written.
import { fork } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from '../workspace.mjs';
import { mutate } from './mutate.mjs';

const core = {
  maskige:
    'check colors compiled decode encode list-decoder pair-encoder partition plane-decoder view soft/confidence soft/distances soft/linear',
  metrics:
    'boundary-f boundary-iou boundary-region byte-pairs calibration confusion contours count-pairs format harmonic-mean labels map-classes mseg-relabeled mseg-transfer role-maps roles scores',
};
const { values, positionals } = parseArgs({
  options: { every: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const [name, ...chosen] = positionals;
if (!core[name]) throw new Error(`mutants: expected one of ${Object.keys(core).join(', ')}, got ${name}.`);
const files = chosen.length > 0 ? chosen.map((file) => file.replace(/\.ts$/, '')) : core[name].split(' ');
const src = join(root, 'packages', name, 'src');
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** Tests that load or change more than the bundle holds. */
const leftOut = /(readme|wasm)\.test\.ts$/;
const testFiles = readdirSync(src, { recursive: true }).filter((f) => f.endsWith('.test.ts') && !leftOut.test(f));
/** Tests that take too long to be repeated for every mutant. */
const slow = /65,535 classes|every cell of the colour cube|Table 9|maximal distance|polishing|smallest distance/;
const mutants = [];
const instrumented = new Map();
for (const file of files) {
  const path = join(src, `${file}.ts`);
  const { code, mutants: found } = mutate(readFileSync(path, 'utf8'), path, mutants.length);
  instrumented.set(path, code);
  mutants.push(...found.map((mutant) => ({ ...mutant, file })));
}

const vitest = join(root, 'node_modules', '.pnpm', 'node_modules');
const plugin = {
  name: 'mutants',
  setup(bundler) {
    // The packages say that their files have no side effects; tests do.
    bundler.onResolve({ filter: /\.test\.ts$/ }, ({ path }) => ({ path, sideEffects: true }));
    bundler.onResolve({ filter: /^(vitest|@fast-check\/vitest)$/ }, () => ({ path: here('shim.mjs') }));
    bundler.onResolve({ filter: /^@gss\// }, ({ path }) => {
      const [, owner, ...sub] = path.split('/');
      if (owner === 'testing') return { path: join(root, 'packages/testing/src/golden.ts'), sideEffects: false };
      return { path: join(root, 'packages', owner, 'src', ...sub, 'index.ts'), sideEffects: false };
    });
    // Everything else from node_modules stays outside, so that it is loaded once.
    bundler.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (pluginData === 'again' || path.startsWith('node:') || kind === 'entry-point') return undefined;
      for (const from of [resolveDir, root, vitest]) {
        const found = await bundler.resolve(path, { kind, resolveDir: from, pluginData: 'again' });
        if (found.errors.length === 0)
          return { path: pathToFileURL(found.path).href, external: true, sideEffects: false };
      }
      return undefined;
    });
    bundler.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const code = instrumented.get(path) ?? readFileSync(path, 'utf8');
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: code.replaceAll('import.meta.url', url), loader: 'ts' };
    });
  },
};
const bundle = join(root, 'node_modules', '.cache', `mutants-${name}-${process.pid}.mjs`);
await build({
  stdin: {
    contents: `${testFiles.map((f) => `import ${JSON.stringify(join(src, f))};`).join('\n')}\nexport { tests } from 'vitest';`,
    resolveDir: root,
  },
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  plugins: [plugin],
  logLevel: 'error',
});

/** A child that answers one question at a time; `ask` rejects when the child ends instead, as one that loops for ever does. */
function startWorker() {
  const child = fork(here('worker.mjs'), [pathToFileURL(bundle).href, slow.source], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let settle;
  child.on('message', (message) => settle.resolve(message));
  child.on('exit', () => settle.reject(new Error('the worker ended')));
  const answer = () =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
  const ready = answer();
  return {
    async ask(question) {
      await ready;
      child.send(question);
      return answer();
    },
    end() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
    },
  };
}

let worker = startWorker();
const { report } = await worker.ask({ seconds: 600 });
const reaching = new Map(mutants.map(({ id }) => [id, []]));
for (const { name: test, error, ms, reached } of report) {
  if (error) console.log(`left out: ${test} (${error})`);
  else for (const id of reached) reaching.get(id).push({ name: test, ms });
}

/** Tries one mutant; a worker that was ended is replaced. */
async function attempt(mutant, tests) {
  // Three times what the tests took unmutated, and two seconds: processor time, so that a busy machine kills no one.
  const seconds = 2 + (3 * tests.reduce((sum, { ms }) => sum + ms, 0)) / 1000;
  try {
    const { killedBy } = await worker.ask({ id: mutant.id, names: tests.map((test) => test.name), seconds });
    return killedBy === undefined ? 'survives' : 'killed';
  } catch {
    worker.end();
    worker = startWorker();
    return 'late';
  }
}

const sample = mutants.filter(({ id }) => id % Number(values.every) === 0);
const count = { killed: 0, late: 0, survives: 0, 'not reached': 0 };
for (const [i, mutant] of sample.entries()) {
  const tests = reaching.get(mutant.id).sort((a, b) => a.ms - b.ms);
  const outcome = tests.length === 0 ? 'not reached' : await attempt(mutant, tests);
  count[outcome]++;
  if (outcome === 'survives' || outcome === 'not reached') {
    const short = (s) => s.replace(/\s+/g, ' ').slice(0, 60);
    console.log(
      `${outcome}  ${mutant.file}.ts:${mutant.line}  ${short(mutant.from)}  →  ${short(mutant.to) || 'nothing'}`,
    );
  }
  if ((i + 1) % 100 === 0) {
    console.error(`${i + 1} of ${sample.length}`);
    // Every copy of the bundle stays in memory.
    worker.end();
    worker = startWorker();
  }
}
worker.end();
rmSync(bundle);
const dead = ((100 * (count.killed + count.late)) / sample.length).toFixed(1);
console.log(
  `@gss/${name}: ${sample.length} of ${mutants.length} mutants tried, ${dead} % dead: ${count.killed} killed by a test, ${count.late} without end, ${count.survives} survive, ${count['not reached']} not reached`,
);
