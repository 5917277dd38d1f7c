/** A tensor or map of a shape that the function cannot take. The message says who, expected, got, remedy. */
export class ShapeError extends RangeError {
  override readonly name = 'ShapeError';

  constructor(who: string, expected: string, got: readonly number[] | string, remedy = '') {
    const shape = typeof got === 'string' ? got : `[${got.join(', ')}]`;
    super(`${who}: expected ${expected}, got ${shape}.${remedy ? ` ${remedy}` : ''}`);
  }
}

/** One parameter that does not fit its spec. */
export interface WeightsProblem {
  readonly kind: 'missing' | 'unexpected' | 'shape' | 'dtype';
  readonly name: string;
  readonly detail: string;
}

/** Stored weights that do not fit a spec: one error lists every parameter concerned. */
export class WeightsError extends Error {
  override readonly name = 'WeightsError';
  readonly problems: readonly WeightsProblem[];

  constructor(who: string, problems: readonly WeightsProblem[], total: number) {
    const lines = problems.map(({ kind, name, detail }) => `  ${kind.padEnd(11)} ${name} ${detail}`);
    super(`${who}: ${problems.length} of ${total} parameters do not fit.\n${lines.join('\n')}`);
    this.problems = problems;
  }
}
