import { expect, test } from 'vitest';
import { judge, share } from './judge.js';

const check = (actual: number[], expected: number[], bound = {}) => judge({ name: 'x', actual, expected, ...bound });

test('the bound is atol + rtol · max|expected|', () => {
  expect(check([100.5], [100], { atol: 0.1, rtol: 0.005 })).toMatchObject({ error: 0.5, bound: 0.6, passed: true });
  expect(check([100.7, 0], [100, 0], { atol: 0.1, rtol: 0.005 }).passed).toBe(false);
});

test('what is left out is the default of the golden README', () => {
  expect(check([1], [1]).bound).toBeCloseTo(1.1e-4, 12);
});

test('NaN equals NaN, an infinity itself, and neither anything else', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  expect(check([nan, inf, 1], [nan, inf, 1], { exact: true }).passed).toBe(true);
  expect(check([nan], [1]).passed).toBe(false);
  expect(check([1], [nan]).passed).toBe(false);
  expect(check([inf], [1]).passed).toBe(false);
  expect(check([-inf], [inf]).passed).toBe(false);
});

test('exact means equal', () => {
  expect(check([1, 2], [1, 2], { exact: true })).toMatchObject({ bound: 0, passed: true });
  const off = check([1, 2.0000001], [1, 2], { exact: true });
  expect(off.passed).toBe(false);
  expect(share(off)).toBe(Number.POSITIVE_INFINITY);
});

test('another number of values fails whatever the bound, with a reason', () => {
  expect(check([1], [1, 2], { atol: 9 })).toMatchObject({ passed: false, problem: 'has 1 values, expected 2' });
});

test('a note is told only of a failure', () => {
  expect(check([1], [1], { note: 'at b' }).problem).toBeUndefined();
  expect(check([2], [1], { note: 'at b' }).problem).toBe('at b');
});
