import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { readGolden } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Check, Family } from '../family.js';
import { family as gssE2e } from './gss-e2e.js';
import { family as gssHead } from './gss-head.js';
import { family as hrnet } from './hrnet.js';
import { family as resnetv1c } from './resnetv1c.js';
import { family as swin } from './swin.js';

const families: readonly Family[] = [swin, resnetv1c, hrnet, gssHead, gssE2e];
// The full fixtures; what is committed under fixtures/ is a part of them, for the packages' own tests.
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', '..', 'shared', 'golden');
const present = existsSync(folder);

/** Largest |a − b| over its bound; more than 1 fails. */
function excess({ name, actual, expected, exact, atol = 1e-5, rtol = 1e-4 }: Check): number {
  expect(actual.length, name).toBe(expected.length);
  let scale = 0;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    const difference = Math.abs(actual[i]! - expected[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return exact ? (error === 0 ? 0 : Number.POSITIVE_INFINITY) : error === 0 ? 0 : error / (atol + rtol * scale);
}

beforeAll(async () => {
  await tf.setBackend('wasm');
  await registerWasmKernels();
});

describe.each(families)('$prefix', (family) => {
  if (!present) return test.skip('the full golden set is not beside the repository', () => undefined);
  const names = readdirSync(folder)
    .filter((file) => file.startsWith(family.prefix) && file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
  test.each(names)('%s equals the reference', async (name) => {
    const checks = await family.run(readGolden(name, folder));
    expect(checks.length).toBeGreaterThan(0);
    const failures = checks.map((c) => [c.name, excess(c)] as const).filter(([, e]) => !(e <= 1));
    if (process.env.PARITY_SHOW) {
      const worst = checks
        .map((c) => [c.name, excess(c)] as const)
        .sort((a, b) => b[1] - a[1])
        .slice(0, 3);
      console.log(name, checks.length, 'checks; worst', worst);
    }
    expect(failures).toEqual([]);
  });
});
