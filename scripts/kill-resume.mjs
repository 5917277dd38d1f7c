// Kills a training at random moments and resumes it until it has finished, again and again, and compares the model with that of a
// run that nobody disturbed, bit by bit.
//
//     node scripts/kill-resume.mjs [KILLS=50] [SEED=1] [BACKEND=wasm]
//
// It uses the built command line (npm run build) on a small rendered data set.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [kills = 50, seed = 1] = process.argv.slice(2, 4).map(Number);
const backend = process.argv[4] ?? 'wasm';
const cli = new URL('../apps/trainer/bin/gss.mjs', import.meta.url).pathname;
const root = mkdtempSync(join(tmpdir(), 'gss-kill-'));
const source = { kind: 'synthetic-streets', seed: 1, width: 64, height: 64, count: 8, split: '{split}' };
const stage = { batchSize: 1, crop: [64, 64], ratioRange: [1, 1], lr: 0.001, warmup: 0, checkpointEvery: 2 };
const config = {
  name: 'kill-resume',
  seed: 3,
  tokenizer: { ...stage, variant: 'nano', codes: 64, codebookMasks: 4, steps: 12 },
  prior: { ...stage, backbone: 'nano', steps: 24, ema: { decay: 0.9 } },
};
writeFileSync(join(root, 'config.json'), JSON.stringify(config));

/** mulberry32: which moments are tried depends on the seed alone. */
let state = seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** One run of both stages; killed after `ms` unless that is undefined. */
function train(dir, ms) {
  const args = ['train', '--config', join(root, 'config.json'), '--source', JSON.stringify(source), '--out', dir];
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [cli, ...args, '--resume', '--backend', backend], { stdio: 'pipe' });
    let text = '';
    child.stderr.on('data', (part) => {
      text += part;
    });
    const timer = ms === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), ms);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, killed: signal === 'SIGKILL', text, ms: performance.now() - began });
    });
  });
}

const digest = (dir) =>
  createHash('sha256')
    .update(readFileSync(join(dir, 'model', 'model.safetensors')))
    .digest('hex');
const halves = (dir) =>
  readdirSync(dir, { recursive: true }).filter((name) => /\.tmp$|\.tmp\./.test(String(name))).length;

const whole = join(root, 'whole');
const undisturbed = await train(whole);
if (undisturbed.code !== 0) throw new Error(undisturbed.text);
const expected = digest(whole);
console.log(`undisturbed: ${(undisturbed.ms / 1000).toFixed(1)} s, model ${expected.slice(0, 16)}`);

let [killed, runs, left] = [0, 0, 0];
while (killed < kills) {
  const dir = join(root, `run-${runs}`);
  for (;;) {
    const { code, killed: hit, text } = await train(dir, killed < kills ? random() * undisturbed.ms * 0.9 : undefined);
    if (hit) killed++;
    else if (code === 0) break;
    else throw new Error(`after ${killed} kills the run could not go on:\n${text}`);
  }
  if (digest(dir) !== expected) throw new Error(`run ${runs} ended with another model after kills (seed ${seed})`);
  left += halves(dir);
  runs++;
  rmSync(dir, { recursive: true });
  process.stdout.write(`${killed} kills, ${runs} runs finished, all with the same model\n`);
}
console.log(
  `${killed} kills in ${runs} runs: every model equals the undisturbed one bit by bit; ${left} temporary files left behind`,
);
rmSync(root, { recursive: true });
