import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { selectBackend } from '@gss/tensor/node';
import { findChromium, noChromium, runInChromium } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Agreement, agreementCases, compareOutcomes, type Outcome, runAgreement } from './test-agreement.js';

// The tolerances of docs/performance.md, several times what bench/agreement.mjs measures.
const largestError = 1e-5;
const leastEqual = 99;

function expectAgreement({ error, tokens = 100, labels = 100 }: Agreement): void {
  expect(error).toBeLessThan(largestError);
  expect(tokens).toBeGreaterThanOrEqual(leastEqual);
  expect(labels).toBeGreaterThanOrEqual(leastEqual);
}

const expected = new Map<string, Outcome>();
async function onCpu(name: string): Promise<Outcome> {
  await tf.setBackend('cpu');
  const outcome = expected.get(name) ?? (await runAgreement(name));
  expected.set(name, outcome);
  return outcome;
}

test.each(agreementCases)('%s: wasm agrees with cpu', { timeout: 240_000 }, async (name) => {
  const reference = await onCpu(name);
  registerWasmKernels();
  await tf.setBackend('wasm');
  expectAgreement(compareOutcomes(await runAgreement(name), reference));
});

const native = await selectBackend({ backend: 'tensorflow' }).then(
  () => true,
  (error: Error) => {
    console.warn(`skipped: native against cpu (${error.message})`);
    return false;
  },
);
test.skipIf(!native).each(agreementCases)('%s: native agrees with cpu', { timeout: 240_000 }, async (name) => {
  const reference = await onCpu(name);
  await tf.setBackend('tensorflow');
  expectAgreement(compareOutcomes(await runAgreement(name), reference));
});

test('what differs is seen', () => {
  const outcome = (values: number[], labels: number[]) => ({
    values: Float32Array.from(values),
    tokens: Int32Array.from(labels),
    labels: Uint8Array.from(labels),
  });
  const reference = outcome([1, -4, 2], [1, 2, 3, 4]);
  expect(compareOutcomes(reference, reference)).toEqual({ error: 0, tokens: 100, labels: 100 });
  expect(compareOutcomes(outcome([1, -3, 2], [1, 2, 3, 5]), reference)).toEqual({
    error: 0.25,
    tokens: 75,
    labels: 75,
  });
  expect(compareOutcomes(outcome([1, Number.NaN, 2], [1, 2, 3, 4]), reference).error).toBe(Number.POSITIVE_INFINITY);
});

const chromium = findChromium();
if (!chromium) console.warn(noChromium);
const folder = dirname(fileURLToPath(import.meta.url));
/** Software WebGPU computes about 0.2 GFLOPS: bench/agreement.mjs runs all cases. */
const inBrowser = agreementCases.filter((name) => !/tiny|head on/.test(name));
const page = `
import * as tf from '@tensorflow/tfjs';
import "@tensorflow/tfjs-backend-webgpu"; // @gss/tensor has it, and the page is bundled from there
import { compareOutcomes, runAgreement } from './test-agreement.ts';

const run = async () => {
  const found = {};
  for (const name of ${JSON.stringify(inBrowser)}) {
    await tf.setBackend('cpu');
    const reference = await runAgreement(name);
    if (!(await tf.setBackend('webgpu'))) throw new Error('WebGPU did not start');
    found[name] = compareOutcomes(await runAgreement(name), reference);
  }
  return found;
};`;
test.skipIf(!chromium)('WebGPU in a browser agrees with cpu', { timeout: 600_000 }, async () => {
  const root = join(folder, '..', '..', '..');
  const found = await runInChromium<Record<string, Agreement>>(chromium!, page, { folder, root, timeout: 580_000 });
  expect(Object.keys(found)).toEqual(inBrowser);
  for (const agreement of Object.values(found)) expectAgreement(agreement);
});
