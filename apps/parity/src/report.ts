import { share, type Verdict } from './judge.js';

export type Status = 'passed' | 'failed' | 'not implemented';

export interface Result {
  readonly name: string;
  readonly status: Status;
  readonly verdicts: readonly Verdict[];
  /** Outputs and gradients of the reference that nothing was compared with. */
  readonly uncompared: readonly string[];
  /** What was thrown, where the fixture could not be finished. */
  readonly error?: string;
  readonly seconds: number;
}

const number = (value: number) => (value === 0 ? '0' : Number.isFinite(value) ? value.toExponential(2) : String(value));

/** The tensor that comes nearest to its bound, or lies furthest above. */
export const worst = (verdicts: readonly Verdict[]): Verdict | undefined =>
  verdicts.reduce<Verdict | undefined>((a, b) => (!a || share(b) > share(a) ? b : a), undefined);

/** One line a tensor: name, number of values, largest error, tolerance, outcome. */
export function table(verdicts: readonly Verdict[]): string[] {
  const rows = verdicts.map(({ name, values, error, bound, passed, problem }) => [
    name,
    String(values),
    number(error),
    bound === 0 ? 'exact' : number(bound),
    passed ? 'ok' : `FAILED${problem ? `: ${problem}` : ''}`,
  ]);
  const lines = [['tensor', 'values', 'largest error', 'tolerance', ''], ...rows];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...lines.map((cells) => cells[i]!.length)));
  return lines.map(
    ([name, values, error, bound, outcome]) =>
      `  ${name!.padEnd(widths[0]!)}  ${values!.padStart(widths[1]!)}  ${error!.padStart(widths[2]!)}  ${bound!.padStart(widths[3]!)}  ${outcome}`,
  );
}

/** "passed  swin-odd: 57 tensors, nearest to its bound is grad.x with 12 %, 1.3 s" */
export function summary({ name, status, verdicts, uncompared, error, seconds }: Result): string {
  if (status === 'not implemented') return `not implemented  ${name}${error ? `: ${error}` : ''}`;
  const failed = verdicts.filter((verdict) => !verdict.passed).length;
  const near = worst(verdicts);
  const parts = [
    error ? error.split('\n')[0]! : '',
    failed > 0 ? `${failed} of ${verdicts.length} tensors out of bounds` : '',
    !error && failed === 0 ? `${verdicts.length} tensors` : '',
    near && share(near) > 0
      ? `${near.name} takes ${share(near) < 1e4 ? `${(100 * share(near)).toFixed(1)} %` : 'far more than all'} of its bound`
      : '',
    uncompared.length > 0 ? `${uncompared.length} of the reference's not compared` : '',
    `${seconds.toFixed(1)} s`,
  ];
  return `${status}  ${name}: ${parts.filter(Boolean).join(', ')}`;
}

const shortened = (names: readonly string[], shown = 4) =>
  names.slice(0, shown).join(', ') + (names.length > shown ? `, … (${names.length})` : '');

/** The tables of a fixture and its summary line. */
export function fixtureText(result: Result): string {
  const { verdicts, uncompared } = result;
  return [
    ...(verdicts.length > 0 ? ['', ...table(verdicts)] : []),
    ...(uncompared.length > 0 ? [`  not compared: ${shortened(uncompared)}`] : []),
    summary(result),
  ].join('\n');
}

export function totals(results: readonly Result[]): Record<'passed' | 'failed' | 'notImplemented', number> {
  const count = (status: Status) => results.filter((result) => result.status === status).length;
  return { passed: count('passed'), failed: count('failed'), notImplemented: count('not implemented') };
}

/** For machines: ∞ becomes the word "Infinity", for JSON has none. */
export function json(results: readonly Result[], backend: string, device: string): string {
  const fixtures = results.map(({ name, status, seconds, error, verdicts, uncompared }) => ({
    name,
    status,
    seconds,
    ...(error ? { error } : {}),
    tensors: verdicts,
    uncompared,
  }));
  const finite = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  return JSON.stringify({ backend, device, ...totals(results), fixtures }, finite);
}
