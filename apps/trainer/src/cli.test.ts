// End to end: the built command line in temporary folders. `npm test` builds before it tests; alone, run `npm run build` first.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { indexPng } from './images/write.js';
import { writeSplit } from './test-folder.js';

const gss = fileURLToPath(new URL('../bin/gss.mjs', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'gss-cli-'));
const data = join(dir, 'data');
const config = join(dir, 'config.json');
const env = { ...process.env, GSS_BACKEND: 'wasm' };

const tiny = {
  name: 'tiny',
  seed: 1,
  tokenizer: {
    variant: 'nano',
    steps: 8,
    batchSize: 2,
    crop: [32, 32],
    lr: 0.002,
    checkpointEvery: 3,
    restartEvery: 4,
  },
  prior: { backbone: 'nano', steps: 8, batchSize: 2, crop: [32, 32], lr: 0.002, checkpointEvery: 3 },
};

const run = (args: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [gss, ...args], { encoding: 'utf8', env: { ...env, ...extra } });
const train = (stage: 'tokenizer' | 'prior', out: string, ...more: string[]) => [
  'train',
  stage,
  '--config',
  config,
  '--data',
  data,
  '--out',
  out,
  ...more,
];

beforeAll(async () => {
  if (!existsSync(fileURLToPath(new URL('../dist/main.js', import.meta.url)))) {
    throw new Error('apps/trainer/dist is not there: run npm run build before these tests.');
  }
  await writeSplit(data, 'train', 6);
  await writeSplit(data, 'val', 2);
  writeFileSync(config, JSON.stringify(tiny));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('gss train without a stage', () => {
  test('runs all stages on the data that its config names, and skips them when they have finished', () => {
    const whole = join(dir, 'whole');
    const part = (split: string) => ({ source: { kind: 'folder', root: data, split }, repeat: 2 });
    const source = JSON.stringify({ kind: 'mixed', parts: [part('{split}')] });
    const args = ['train', '--config', config, '--out', whole, '--set', `data.source=${source}`, '--json'];
    const more = ['--set', 'prior.steps=2', 'prior.evaluate={"every":2,"count":1}', 'tokenizer.steps=0'];
    const result = run([...args, ...more]);
    expect(result.stderr).toMatch(/1\/2 tokenizer[\s\S]*2\/2 prior[\s\S]*step 2: mIoU \d+\.\d\d on 1 images of val/);
    expect(JSON.parse(result.stdout).model).toBe(join(whole, 'model'));
    const again = run([...args, ...more, '--resume']);
    expect(again.stderr).toMatch(/1\/2 tokenizer: finished before[\s\S]*2\/2 prior: finished before/);
    expect(again.status).toBe(0);
  });
});

describe('gss, end to end on a folder data set', () => {
  const out = join(dir, 'run');

  test('trains both stages, evaluates, predicts; --json is one object on stdout', () => {
    for (const stage of ['tokenizer', 'prior'] as const) {
      const result = run(train(stage, out, '--json'));
      expect(result.stderr).not.toMatch(/gss: /);
      expect(result.status).toBe(0);
      expect(Object.keys(JSON.parse(result.stdout))).toEqual(['model', 'seconds']);
    }
    const keys = ['mIoU', 'mAcc', 'aAcc', 'images', 'perClass'];
    for (const command of [['evaluate'], ['evaluate', 'tokenizer']]) {
      const result = run([...command, '--model', join(out, 'model'), '--data', data, '--split', 'val', '--json']);
      expect(result.status).toBe(0);
      const figures = JSON.parse(result.stdout);
      expect(Object.keys(figures)).toEqual(keys);
      expect(figures.images).toBe(2);
      expect(figures.perClass).toHaveLength(13);
    }
    const picture = join(data, 'images', 'val', '0.jpg');
    const where = ['--model', join(out, 'model'), '--out', join(dir, 'predicted')];
    const predicted = run(['predict', ...where, '--json', picture]);
    expect(predicted.status).toBe(0);
    expect(JSON.parse(predicted.stdout).files).toEqual([
      {
        input: picture,
        labels: join(dir, 'predicted', '0.png'),
        ms: expect.any(Number),
        outputs: {
          labels: join(dir, 'predicted', '0.png'),
          maskige: join(dir, 'predicted', '0.maskige.png'),
          overlay: join(dir, 'predicted', '0.overlay.jpg'),
        },
      },
    ]);
    expect(readdirSync(join(dir, 'predicted')).sort()).toEqual(['0.maskige.png', '0.overlay.jpg', '0.png']);
    expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({
      name: 'tiny',
      prior: { catMaxRatio: 0.75 },
    });
  });

  test('a killed run goes on to the same bits', async () => {
    const killed = join(dir, 'killed');
    const child = spawn(process.execPath, [gss, ...train('tokenizer', killed)], { env, stdio: 'ignore' });
    await until(() => existsSync(join(killed, 'tokenizer', 'checkpoints', 'step-00000003.safetensors')), child);
    child.kill('SIGKILL');
    expect(existsSync(join(killed, 'tokenizer', 'model'))).toBe(false);
    expect(run(train('tokenizer', killed, '--resume')).status).toBe(0);
    const weights = (run: string) => readFileSync(join(run, 'tokenizer', 'model', 'model.safetensors'));
    expect(weights(killed).equals(weights(out))).toBe(true);
  });

  test('Ctrl-C saves, says how to resume, and exits with 130', async () => {
    const stopped = join(dir, 'stopped');
    const child = spawn(process.execPath, [gss, ...train('tokenizer', stopped, '--set', 'tokenizer.steps=5000')], {
      env,
    });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    await until(() => existsSync(join(stopped, 'tokenizer', 'checkpoints', 'step-00000003.safetensors')), child);
    child.kill('SIGINT');
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(said).toMatch(/--resume/);
    expect(status).toBe(130);
  });
});

async function until(done: () => boolean, child: ChildProcess): Promise<void> {
  for (let i = 0; i < 1200 && !done(); i++) {
    if (child.exitCode !== null && !done()) throw new Error(`the command ended early with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('bad input: one clear error, exit 1, nothing half-written', () => {
  const fails = (args: readonly string[], message: RegExp, extra?: NodeJS.ProcessEnv) => {
    const { status, stderr, stdout } = run(args, extra);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  };
  const broken = (name: string, spoil: (root: string) => void) => {
    const root = join(dir, name);
    cpSync(data, root, { recursive: true });
    spoil(root);
    return ['train', 'tokenizer', '--config', config, '--data', root, '--out', join(dir, `${name}-run`)];
  };
  const label = (root: string) => join(root, 'labels', 'train', '0.png');
  const flat = (value: number, width = 64, height = 48) =>
    indexPng({ data: new Uint8Array(width * height).fill(value), width, height });

  test('a truncated image', () =>
    fails(
      broken('cut', (root) => {
        const file = join(root, 'images', 'train', '0.jpg');
        writeFileSync(file, readFileSync(file).subarray(0, 300));
      }),
      /images\/train\/0\.jpg/,
    ));
  test('label ids outside the table', () =>
    fails(
      broken('ids', (root) => writeFileSync(label(root), flat(77))),
      /labels\/train\/0\.png.*77/,
    ));
  test('image and label of different size', () =>
    fails(
      broken('sizes', (root) => writeFileSync(label(root), flat(0, 32, 48))),
      /0.*(32×48|32 × 48).*(64×48|64 × 48)|0.*(64×48|64 × 48).*(32×48|32 × 48)/,
    ));
  test('a palette PNG for an index PNG', () =>
    fails(
      broken('palette', (root) => {
        const palette = [
          [0, 0, 0],
          [255, 0, 0],
        ];
        writeFileSync(
          label(root),
          encode({ width: 64, height: 48, data: new Uint8Array(64 * 48), channels: 1, depth: 8, palette } as Parameters<
            typeof encode
          >[0]),
        );
      }),
      /labels\/train\/0\.png/,
    ));
  test('an empty split', () =>
    fails(
      broken('empty', (root) => {
        rmSync(join(root, 'images', 'train'), { recursive: true });
        mkdirSync(join(root, 'images', 'train'));
      }),
      /train.*(empty|no |none)/i,
    ));
  test('an unknown split, naming those that exist', () =>
    fails(
      ['evaluate', '--model', join(dir, 'run', 'model'), '--data', data, '--split', 'vall'],
      /vall[\s\S]*train[\s\S]*val/,
    ));
  test('an unknown config key, with a suggestion', () =>
    fails(
      [...train('tokenizer', join(dir, 'x')), '--set', 'tokenizer.batchsize=3'],
      /unknown key tokenizer\.batchsize — did you mean tokenizer\.batchSize\?/,
    ));
  test('a folder that is no model', () =>
    fails(
      ['predict', '--model', dir, '--out', join(dir, 'p'), join(data, 'images', 'val', '0.jpg')],
      /config\.json.*gss train/,
    ));
  test('a checkpoint that lacks a parameter', () => {
    const root = join(dir, 'wrong');
    cpSync(join(dir, 'run', 'model'), root, { recursive: true });
    cpSync(join(dir, 'run', 'tokenizer', 'model', 'model.safetensors'), join(root, 'model.safetensors'));
    fails(
      ['predict', '--model', root, '--out', join(dir, 'p'), join(data, 'images', 'val', '0.jpg')],
      /parameters do not fit[\s\S]*missing +backbone\./,
    );
  });
  test('a checkpoint of another configuration', () =>
    fails([...train('tokenizer', join(dir, 'run')), '--resume', '--set', 'tokenizer.lr=0.1'], /another configuration/));
  test('a loss that is not finite', () => {
    fails(
      [
        ...train('prior', join(dir, 'nan')),
        '--tokenizer',
        join(dir, 'run', 'tokenizer', 'model'),
        '--set',
        'prior.lr=1e30',
        'prior.warmup=0',
      ],
      /step \d+ gave loss (NaN|-?Infinity|[\d.e+]+) and gradient norm (NaN|-?Infinity|[\d.e+]+)\. (The last good|No) checkpoint/,
    );
    expect(existsSync(join(dir, 'nan', 'model'))).toBe(false);
  });
  test('a backend that cannot be had', () =>
    fails(['evaluate', '--model', join(dir, 'run', 'model'), '--data', data], /the webgpu backend cannot be had/, {
      GSS_BACKEND: 'webgpu',
    }));
  test('a missing picture', () =>
    fails(
      ['predict', '--model', join(dir, 'run', 'model'), '--out', join(dir, 'p'), '/nowhere/a.jpg'],
      /\/nowhere\/a\.jpg/,
    ));
  test('an output folder that cannot be', () => {
    writeFileSync(join(dir, 'file'), 'x');
    fails(train('tokenizer', join(dir, 'file', 'run')), /file/);
  });

  test('a full disk', ({ skip }) => {
    const disk = join(dir, 'disk');
    mkdirSync(disk, { recursive: true });
    const mount = ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', disk];
    if (process.platform !== 'linux' || spawnSync('mount', mount).status !== 0) {
      console.log('skipped: a full disk (mounting a small file system needs root on Linux)');
      skip('mounting a small file system needs root on Linux');
    }
    try {
      fails(train('tokenizer', join(disk, 'run')), /(disk is full|ENOSPC)/i);
      expect(existsSync(join(disk, 'run', 'tokenizer', 'model', 'config.json'))).toBe(false);
      expect(
        readdirSync(join(disk, 'run', 'tokenizer', 'checkpoints')).filter(
          (name) => !/^step-\d{8}\.safetensors$/.test(name),
        ),
      ).toEqual([]);
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });
});
