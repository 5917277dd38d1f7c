import * as tf from '@tensorflow/tfjs-core';
import { NotImplementedError } from './family.js';
import type { Fixture } from './fixtures.js';
import { judge } from './judge.js';
import type { Result } from './report.js';

const message = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Runs one fixture. Whatever is thrown is a failure of this fixture alone; its tensors and variables are gone afterwards
 * (so nothing else may hold variables while fixtures run).
 */
export async function runFixture({ name, run }: Fixture): Promise<Result> {
  if (!run) return { name, status: 'not implemented', verdicts: [], uncompared: [], seconds: 0 };
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  tf.engine().startScope(`parity ${name}`);
  try {
    const { checks, uncompared } = await run();
    const verdicts = checks.map(judge);
    if (verdicts.length === 0) throw new Error('nothing of it was compared');
    const passed = verdicts.every((verdict) => verdict.passed);
    return { name, status: passed ? 'passed' : 'failed', verdicts, uncompared, seconds: seconds() };
  } catch (error) {
    const status = error instanceof NotImplementedError ? 'not implemented' : 'failed';
    return { name, status, verdicts: [], uncompared: [], error: message(error), seconds: seconds() };
  } finally {
    tf.engine().endScope();
    tf.disposeVariables();
  }
}
