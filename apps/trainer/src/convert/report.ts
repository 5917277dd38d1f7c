import { bytesPerElement, countElements } from '@gss/checkpoint';
import type { Output } from '../cli/output.js';
import type { Conversion } from './convert.js';
import type { Input } from './files.js';

const shape = (sizes: readonly number[]) => `[${sizes.join(', ')}]`;
/** Lines of a list that are shown without --list. */
const shown = 6;

/** Bytes in a unit that people read. */
export const inUnits = (bytes: number): string =>
  bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`;

const sizeOf = ({ weights }: Conversion): number =>
  [...weights.values()].reduce((sum, t) => sum + countElements(t.shape)! * bytesPerElement(t.dtype), 0);

/** All that a conversion did, for scripts. */
export function describeConversion(inputs: readonly Input[], output: string, done: Conversion) {
  const { merged, fit, trace } = done;
  const given = new Map(
    inputs.flatMap(({ weights }) => [...weights].map(([name, t]) => [name, [...t.shape]] as const)),
  );
  return {
    inputs: inputs.map(({ path, format }) => ({ path, format })),
    output,
    family: merged.detected?.family.name ?? null,
    from: merged.detected?.naming.name ?? null,
    to: done.target?.name ?? 'same',
    config: done.described?.config ?? null,
    tensors: done.weights.size,
    bytes: sizeOf(done),
    dtypes: [...new Set([...done.weights.values()].map(({ dtype }) => dtype))],
    renamed: trace.renamed,
    rewritten: trace.rewritten,
    added: trace.added,
    unused: trace.unused.map((name) => ({ name, shape: given.get(name) ?? null, reason: done.reason(name) })),
    missing: fit?.missing ?? [],
    misshapen: fit?.misshapen ?? [],
    optional: fit?.optional.map(({ name }) => name) ?? [],
    notes: done.notes,
  };
}

type Described = ReturnType<typeof describeConversion>;

/** The same for people. */
export function printConversion(out: Output, found: Described, title: string | undefined, all: boolean): void {
  out.line(found.inputs.map(({ path, format }) => `${path} (${format})`).join(', '));
  out.line(
    title === undefined
      ? 'detected  nothing: names are kept'
      : `detected  ${title}, names of ${found.from} → ${found.to === 'same' ? 'kept' : found.to}`,
  );
  const sizes = JSON.stringify(found.config);
  if (found.config) out.line(`sizes     ${sizes.length > 400 && !all ? `${sizes.slice(0, 400)}…` : sizes}`);
  const list = (word: string, lines: readonly string[], always = false) => {
    if (lines.length === 0 && !always) return;
    out.line(`${word.padEnd(9)} ${lines.length}`);
    const visible = all ? lines : lines.slice(0, shown);
    for (const line of visible) out.line(`  ${line}`);
    if (visible.length < lines.length) out.line(`  … and ${lines.length - visible.length} more (--list shows all)`);
  };
  const arrow = ({ from, to }: { from: string; to: string }) => `${from} → ${to}`;
  list('renamed', found.renamed.map(arrow), true);
  list('reordered', found.rewritten.map(arrow));
  list(
    'added',
    found.added.map((name) => `${name} (starts as the identity)`),
  );
  list(
    'unused',
    found.unused.map(({ name, shape: s, reason }) => `${name} ${s ? shape(s) : ''} (${reason})`),
    true,
  );
  list(
    'optional',
    found.optional.map((name) => `${name} (computed when it is loaded)`),
  );
  list(
    'missing',
    found.missing.map(({ name, shape: s }) => `${name} ${shape(s)}`),
    true,
  );
  list(
    'misshapen',
    found.misshapen.map(({ name, shape: s, expected }) => `${name} expected ${shape(expected)}, got ${shape(s)}`),
  );
  for (const note of found.notes) out.line(`note      ${note}`);
}
