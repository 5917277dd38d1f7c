// Kills a training of three stages (tokenizer, prior, learned inverse) with SIGKILL, again and again, resumes it until it has finished,
// and holds it to: every run ends with the weights of a run that nobody disturbed, bit by bit; every resume goes on from the
// newest checkpoint that was ever on the disk; a stage that had finished is never run again.
//
//     node scripts/kill-resume.mjs [KILLS=50] [SEED=1] [BACKEND=wasm]
//
// Two of three kills come at a random moment of the whole run (counted in the child's processor time, so that a busy machine does not
// move them), every third when a file is being written. One line a kill, a summary, exit status 1 at the first fault.
// It uses the built command line (npm run build) on a small rendered data set.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [kills = 50, seed = 1] = process.argv.slice(2, 4).map(Number);
const backend = process.argv[4] ?? 'wasm';
const cli = new URL('../apps/trainer/bin/gss.mjs', import.meta.url).pathname;
const root = mkdtempSync(join(tmpdir(), 'gss-kill-'));
const source = { kind: 'synthetic-streets', seed: 1, width: 64, height: 48, count: 4, split: '{split}' };
const stage = { batchSize: 1, crop: [32, 32], ratioRange: [1, 1], lr: 0.001, warmup: 0, checkpointEvery: 2 };
const inverse = { channels: 8, heads: 2, hidden: 16, photo: true, soft: true };
const config = {
  name: 'kill-resume',
  seed: 3,
  tokenizer: { ...stage, variant: 'nano', codes: 32, codebookMasks: 2, steps: 6 },
  prior: { ...stage, backbone: 'nano', steps: 6, ema: { decay: 0.9 } },
  posterior: { ...stage, variant: 'ft-w', steps: 6, inverse },
};
writeFileSync(join(root, 'config.json'), JSON.stringify(config));

/** Stages in order: the folder, and what the run calls it when it goes on. */
const stages = [
  { name: 'tokenizer', dir: 'tokenizer', told: 'stage I' },
  { name: 'prior', dir: 'prior', told: 'stage II' },
  { name: 'inverse', dir: 'posterior', told: 'posterior' },
];
const folders = ['tokenizer/checkpoints', 'tokenizer/model', 'prior/checkpoints', 'model'].concat([
  'posterior/checkpoints',
  'posterior/model',
]);

/** mulberry32: which moments are tried depends on the seed alone. */
let state = seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** Seconds of processor time of a child so far; elsewhere than on Linux of the clock. */
function spent(pid, began) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return (performance.now() - began) / 1000;
  }
}

/** One run of all stages. `kill` says when: `{ after }` seconds of processor time, or `{ write }`, the how manieth file being written. */
function train(dir, kill) {
  const args = ['train', '--config', join(root, 'config.json'), '--source', JSON.stringify(source), '--out', dir];
  for (const folder of folders) mkdirSync(join(dir, folder), { recursive: true });
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [cli, ...args, '--resume', '--backend', backend], { stdio: 'pipe' });
    let text = '';
    let seconds = 0;
    child.stdout.resume();
    child.stderr.on('data', (part) => {
      text += part;
    });
    const timer = setInterval(() => {
      seconds = spent(child.pid, began);
      if (kill?.after !== undefined && seconds >= kill.after) child.kill('SIGKILL');
    }, 50);
    const written = new Set();
    const watchers = folders.map((folder) =>
      watch(join(dir, folder), (_, file) => {
        if (!file?.endsWith('.tmp') || written.has(file)) return;
        written.add(file);
        if (written.size === kill?.write) child.kill('SIGKILL');
      }),
    );
    child.on('close', (code, signal) => {
      clearInterval(timer);
      for (const watcher of watchers) watcher.close();
      resolve({ code, killed: signal === 'SIGKILL', text, seconds });
    });
  });
}

const checkpointOf = (dir, { dir: folder }) =>
  Math.max(
    0,
    ...readdirSync(join(dir, folder, 'checkpoints')).map((file) => Number(/^step-(\d+)\./.exec(file)?.[1] ?? 0)),
  );
const finishedIn = (dir) =>
  existsSync(join(dir, 'stages.json'))
    ? JSON.parse(readFileSync(join(dir, 'stages.json'), 'utf8')).stages.map(({ name }) => name)
    : [];
/** Temporary files that lie about: those of writes that a kill ended. */
const halves = (dir) => readdirSync(dir, { recursive: true }).filter((name) => String(name).endsWith('.tmp'));
/** Hashes of all that a run leaves for others. */
const digest = (dir) =>
  ['tokenizer/model', 'model', 'posterior/model']
    .map((folder) =>
      createHash('sha256')
        .update(readFileSync(join(dir, folder, 'model.safetensors')))
        .digest('hex'),
    )
    .join();

function fail(message, text = '') {
  console.error(`FAULT (seed ${seed}): ${message}\n${text}\nThe folders are kept: ${root}`);
  process.exit(1);
}

/** Holds what a run said to what was on the disk before it. Returns where it went on, for people. */
function checkResume(dir, { text }, before) {
  const lines = text.split(/[\r\n]+/);
  for (const name of before.finished)
    if (lines.some((line) => line.endsWith(`/3 ${name}`))) fail(`${name} had finished and was run again`, text);
  const at = stages.find(({ name }) => !before.finished.includes(name));
  if (!at) return 'after the last stage';
  const newest = before.newest.get(at.name);
  const went = lines.map((line) => new RegExp(`${at.told}: goes on from step (\\d+), `).exec(line)).find(Boolean);
  if (went && Number(went[1]) < newest) fail(`${at.name} went on from step ${went[1]}, ${newest} had been saved`, text);
  if (!went && newest > 0 && (checkpointOf(dir, at) > newest || finishedIn(dir).includes(at.name)))
    fail(`${at.name} did not go on from step ${newest} but started over`, text);
  return went ? `${at.name} step ${went[1]}` : newest > 0 ? 'not yet (killed while starting)' : 'the start of a stage';
}

const whole = join(root, 'whole');
const undisturbed = await train(whole);
if (undisturbed.code !== 0) fail('the undisturbed run failed', undisturbed.text);
const expected = digest(whole);
console.log(`undisturbed: ${undisturbed.seconds.toFixed(1)} s of processor time, weights ${expected.slice(0, 16)}…`);

const counted = new Map();
let [killed, runs, middle, cleaned] = [0, 0, 0, 0];
while (killed < kills) {
  const dir = join(root, `run-${runs}`);
  mkdirSync(dir);
  const newest = new Map(stages.map(({ name }) => [name, 0]));
  for (;;) {
    const before = { finished: finishedIn(dir), newest: new Map(newest), left: halves(dir) };
    const aimed = killed % 3 === 2;
    const moment = aimed ? { write: 1 + Math.floor(5 * random()) } : { after: 0.8 * random() * undisturbed.seconds };
    const result = await train(dir, killed < kills ? moment : undefined);
    const from = checkResume(dir, result, before);
    if (!result.killed && result.code !== 0) fail(`after ${killed} kills the run could not go on`, result.text);
    for (const one of stages) {
      const step = checkpointOf(dir, one);
      if (step < newest.get(one.name))
        fail(`${one.name}: checkpoint ${newest.get(one.name)} is gone, the newest is ${step}`);
      newest.set(one.name, step);
    }
    if (!result.killed) break;
    killed++;
    const finished = finishedIn(dir);
    const at = stages.find(({ name }) => !finished.includes(name));
    const where = !at ? 'at the end' : result.text.includes(`/3 ${at.name}`) ? at.name : 'while starting';
    counted.set(where, (counted.get(where) ?? 0) + 1);
    const half = halves(dir).find((name) => !before.left.includes(name));
    if (half) middle++;
    console.log(
      `kill ${killed} of run ${runs}: ${where}${at ? `, newest checkpoint ${newest.get(at.name)}` : ''}; ${aimed ? 'aimed at a write' : `at ${result.seconds.toFixed(1)} s`}${half ? `, in the middle of ${half}` : ''}; it had gone on from ${from}`,
    );
  }
  if (digest(dir) !== expected) fail(`run ${runs} ended with other weights`);
  cleaned += halves(dir).length;
  runs++;
  console.log(`run ${runs - 1} finished: the weights of all stages equal the undisturbed run's`);
  rmSync(dir, { recursive: true });
}
const spread = [...counted].map(([where, count]) => `${count} ${where}`).join(', ');
console.log(
  `${killed} kills in ${runs} runs (${spread}; ${middle} in the middle of a write): every run ended with the undisturbed weights bit by bit, no resume went on before its newest checkpoint; ${cleaned} temporary files were left at the ends`,
);
rmSync(root, { recursive: true });
