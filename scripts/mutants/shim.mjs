// As much of vitest and @fast-check/vitest as the tests of maskige and metrics use, so that hundreds of mutants can be tried
// in one process. Nothing is isolated here: the runner loads a fresh copy of the bundle for each mutant.
import { JestAsymmetricMatchers, JestChaiExpect } from '@vitest/expect';
import * as chai from 'chai';
import * as fc from 'fast-check';

chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const { expect } = chai;
export { fc };
export const vi = {};

// Fewer runs than in the unit tests, and no search for a smaller example: a mutant is dead or not.
fc.configureGlobal({ numRuns: 25, endOnFailure: true, seed: 1 });

const format = (name, values) =>
  name
    .replace(/%[sidj#]/g, (form) => (form === '%j' ? JSON.stringify(values.shift()) : String(values.shift())))
    .replace(/\$(\w+)/g, (_, key) => String(values[0]?.[key]));

/** The tests of one loading of the bundle: [{ name, run }]. */
export const tests = [];
const prefix = [];
export function describe(name, define) {
  prefix.push(name);
  define();
  prefix.pop();
}
export function test(name, run) {
  const full = [...prefix, name].join(' › ');
  const same = tests.filter((other) => other.name.startsWith(full)).length;
  tests.push({ name: same ? `${full} #${same}` : full, run });
}
const rows = (each) => (table) => (name, run) => {
  for (const row of table) {
    const values = Array.isArray(row) ? row : [row];
    each(format(name, [...values]), () => run(...values));
  }
};
test.each = rows(test);
describe.each = rows(describe);
test.prop =
  (arbitraries, { numRuns } = {}) =>
  (name, run) =>
    test(name, () =>
      fc.assert(
        fc.asyncProperty(...arbitraries, async (...values) => {
          await run(...values);
        }),
        numRuns === undefined ? {} : { numRuns: Math.min(numRuns, 25) },
      ),
    );
