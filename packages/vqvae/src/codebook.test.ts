import { fc, test } from '@fast-check/vitest';
import { createRng } from '@gss/tensor';
import { codebookUsage, countTokens, createReservoir, refuseCollapse, restartDeadCodes } from '@gss/vqvae';
import { expect } from 'vitest';

test('perplexity counts the codes in effective use', () => {
  const even = codebookUsage(countTokens(new Float64Array(8), [0, 1, 2, 3]));
  expect(even.perplexity).toBeCloseTo(4);
  expect(even.used).toBe(4);
  expect(even.dead).toEqual([4, 5, 6, 7]);
  expect(codebookUsage(countTokens(new Float64Array(8), [5, 5, 5])).perplexity).toBeCloseTo(1);
  expect(codebookUsage(new Float64Array(8)).perplexity).toBe(0);
});

test.prop([fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1 })])(
  'perplexity lies within 1 and the codes used',
  (tokens) => {
    const { perplexity, used } = codebookUsage(countTokens(new Float64Array(7), tokens));
    expect(used).toBe(new Set(tokens).size);
    expect(perplexity).toBeGreaterThan(1 - 1e-9);
    expect(perplexity).toBeLessThan(used + 1e-9);
  },
);

test('counts decay, and foreign tokens are refused', () => {
  const counts = countTokens(countTokens(new Float64Array(3), [0, 0, 1]), [1], 0.5);
  expect([...counts]).toEqual([1, 1.5, 0]);
  expect(() => countTokens(counts, [3])).toThrow('expected tokens in [0, 3), got 3 at position 0');
});

test('a collapse stops the run with its reason', () => {
  const usage = codebookUsage(countTokens(new Float64Array(64), [7, 7, 7, 7]));
  expect(() => refuseCollapse(usage, { loss: 0.1, step: 40 })).toThrow(
    'collapsed at step 40: perplexity 1.00 < 2, 1 of 64',
  );
  expect(() => refuseCollapse(usage, { loss: Number.NaN, step: 3 })).toThrow('the loss is NaN at step 3');
  const healthy = codebookUsage(countTokens(new Float64Array(64), [1, 2, 3, 4]));
  expect(() => refuseCollapse(healthy, { loss: 0.1, step: 40 })).not.toThrow();
});

test('a reservoir holds a fair sample of what it was offered', () => {
  const reservoir = createReservoir(100, 1, createRng(1), 1e9);
  reservoir.add(Float32Array.from({ length: 10_000 }, (_, i) => i));
  expect(reservoir.length).toBe(100);
  const mean = reservoir.vectors.reduce((sum, v) => sum + v, 0) / 100;
  expect(Math.abs(mean - 5000)).toBeLessThan(900); // 3 σ of the mean of 100
  expect(() => createReservoir(4, 3, createRng(1)).add(new Float32Array(4))).toThrow('vectors of 3');
});

test('a reservoir forgets what is older than `recent`', () => {
  const reservoir = createReservoir(50, 1, createRng(1), 100);
  reservoir.add(new Float32Array(1000).fill(-1));
  reservoir.add(new Float32Array(1000).fill(1));
  expect(reservoir.vectors.filter((v) => v < 0).length).toBe(0);
});

test('dead codes go where live ones serve worst, live codes stay', () => {
  const codebook = Float32Array.of(0, 0, 9, 9, 5, 5);
  // 99 vectors sit on code 0; only one is far from every live code.
  const vectors = new Float32Array(200);
  vectors.set([4, -4], 198);
  const { codebook: next, restarted } = restartDeadCodes(codebook, [2], { vectors, dim: 2 }, createRng(1));
  expect([...next]).toEqual([0, 0, 9, 9, 4, -4]);
  expect(restarted).toEqual([2]);
  expect([...codebook]).toEqual([0, 0, 9, 9, 5, 5]);
});

test('seeding gives every distinct vector a code and stops there', () => {
  const vectors = Float32Array.of(1, 1, 2, 2, 3, 3, 3, 3);
  const { codebook, restarted } = restartDeadCodes(
    new Float32Array(6),
    [0, 1, 2, 3, 4, 5],
    { vectors, dim: 1 },
    createRng(4),
  );
  expect(restarted.length).toBe(3);
  expect([...codebook.slice(0, 3)].sort()).toEqual([1, 2, 3]);
  const nothing = restartDeadCodes(new Float32Array(6), [0], { vectors: new Float32Array(0), dim: 1 }, createRng(4));
  expect(nothing.restarted).toEqual([]);
});
