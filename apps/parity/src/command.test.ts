import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from './command.js';

const committed = fileURLToPath(new URL('../../../fixtures/golden', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gss-parity-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const copy = (name: string, as = name) => {
  for (const file of readdirSync(committed).filter((file) => file.startsWith(`${name}.`)))
    cpSync(join(committed, file), join(folder, file.replace(name, as)));
};

async function run(...argv: string[]) {
  const out: string[] = [];
  const error: string[] = [];
  const status = await main(argv, { out: (line) => out.push(line), error: (line) => error.push(line) });
  return { status, out: out.join('\n'), error: error.join('\n') };
}
const parity = (...options: string[]) => run(folder, '--backend', 'cpu', ...options);

test('passes a fixture of the reference, with the error of each tensor beside its tolerance', async () => {
  copy('optim');
  const { status, out } = await parity();
  expect(out).toMatch(/^ {2}output\.adamw\.step5\.w +12 +\S+ +\S+ {2}ok$/m);
  expect(out).toMatch(/^passed {2}optim: \d+ tensors/m);
  expect(out).toMatch(/1 passed, 0 failed, 0 not implemented$/);
  expect(status).toBe(0);
});

test('fails a wrong copy, names its tensor and still runs the right one', async () => {
  copy('optim');
  copy('optim', 'optim-wrong');
  const path = join(folder, 'optim-wrong.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  manifest.hyper.sgd = 'lr 1.01e-2';
  writeFileSync(path, JSON.stringify(manifest));
  const { status, out } = await parity();
  expect(out).toMatch(/^ {2}output\.sgd\.step5\.w .*FAILED$/m);
  expect(out).toMatch(/^failed {2}optim-wrong: \d+ of \d+ tensors out of bounds/m);
  expect(out).toMatch(/1 passed, 1 failed, 0 not implemented$/);
  expect(status).toBe(1);
});

test('a fixture that nothing implements counts only with --strict', async () => {
  copy('optim');
  copy('optim', 'teapot');
  const manifest = JSON.parse(readFileSync(join(folder, 'teapot.json'), 'utf8'));
  writeFileSync(join(folder, 'teapot.json'), JSON.stringify({ ...manifest, fixture: 'teapot' }));
  const { status, out } = await parity();
  expect(out).toMatch(/^not implemented {2}teapot$/m);
  expect(status).toBe(0);
  expect((await parity('--strict')).status).toBe(1);
});

test('a file of another name is run as what its manifest calls it', async () => {
  copy('optim', 'renamed');
  expect((await parity()).out).toMatch(/^passed {2}renamed/m);
});

test('fixtures that cannot be read fail one by one, each with its reason', async () => {
  copy('optim');
  for (const name of ['optim-manifest', 'optim-tensors', 'optim-lonely']) copy('optim', name);
  writeFileSync(join(folder, 'optim-manifest.json'), '{"fixture": "optim", ');
  writeFileSync(join(folder, 'optim-tensors.safetensors'), 'no tensors');
  rmSync(join(folder, 'optim-lonely.json'));
  const { status, out } = await parity();
  expect(out).toMatch(/^failed {2}optim-manifest: cannot be read: .*JSON/m);
  expect(out).toMatch(/^failed {2}optim-tensors: cannot be read: /m);
  expect(out).toMatch(/^failed {2}optim-lonely: cannot be read: .*no optim-lonely\.json/m);
  expect(out).toMatch(/1 passed, 3 failed/);
  expect(status).toBe(1);
});

test('passes fixtures of several families, one without tensors too', async () => {
  const names = ['dvae-one-block', 'optim', 'palette', 'swin-parts', 'uvim-stage2'];
  for (const name of names) copy(name);
  const { status, out } = await run(folder, '--backend', 'wasm', '--strict');
  expect([...out.matchAll(/^passed {2}([\w-]+): \d+ tensors/gm)].map(([, name]) => name)).toEqual(names);
  expect(out).toMatch(/^5 passed, 0 failed, 0 not implemented$/m);
  expect(status).toBe(0);
});

test('leaves no tensor behind', async () => {
  copy('optim');
  await parity();
  const before = tf.memory().numTensors;
  await parity();
  expect(tf.memory().numTensors).toBe(before);
});

test('--json prints one object with every tensor', async () => {
  copy('optim');
  const { out } = await parity('--json');
  const report = JSON.parse(out);
  expect(report).toMatchObject({ backend: 'cpu', passed: 1, failed: 0, notImplemented: 0 });
  expect(report.fixtures[0]).toMatchObject({ name: 'optim', status: 'passed' });
  expect(report.fixtures[0].tensors[0]).toMatchObject({ passed: true, values: expect.any(Number) });
});

test('what cannot be run is one clear line and exit status 2', async () => {
  expect(await run(join(folder, 'nowhere'))).toMatchObject({
    status: 2,
    error: expect.stringMatching(/there is no folder/),
  });
  expect(await run(folder)).toMatchObject({ status: 2, error: expect.stringMatching(/holds no fixture/) });
  copy('optim');
  expect(await run(folder, '--backend', 'abacus')).toMatchObject({
    status: 2,
    error: expect.stringMatching(/no backend "abacus"\. Take one of tensorflow, webgpu, wasm, cpu/),
  });
  expect(await run(join(folder, 'optim.json'))).toMatchObject({ status: 2, error: expect.stringMatching(/is a file/) });
  expect(await run()).toMatchObject({ status: 2, error: expect.stringMatching(/expected one folder[\s\S]*usage/) });
  expect(await run(folder, '--bogus')).toMatchObject({ status: 2, error: expect.stringMatching(/bogus[\s\S]*usage/) });
  mkdirSync(join(folder, 'empty'));
  expect((await run(join(folder, 'empty'))).status).toBe(2);
});
