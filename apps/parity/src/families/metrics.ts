import { addToConfusion, type ClassScores, createConfusion, harmonicMean, type Scores, scores } from '@gss/metrics';
import type { Golden } from '@gss/testing';
import { expectedValues } from '../compare.js';
import type { Check, Family } from '../family.js';

const areas = {
  area_intersect: 'intersection',
  area_union: 'union',
  area_prediction: 'predicted',
  area_label: 'labelled',
} as const satisfies Record<string, keyof ClassScores>;
const ratios = {
  IoU: 'iou',
  Acc: 'acc',
  Dice: 'dice',
  Fscore: 'fScore',
  Precision: 'precision',
  Recall: 'recall',
} as const satisfies Record<string, keyof ClassScores>;

interface Case {
  readonly num_classes: number;
  /** Shares of 1; null where the reference has NaN. */
  readonly exact_mean: Readonly<Record<string, number | null>>;
  /** Percent with two decimals. */
  readonly summary: Readonly<Record<string, number | null>>;
  readonly per_class_percent: Readonly<Record<string, readonly (number | null)[]>>;
}

const ratioBound = { atol: 1e-12, rtol: 1e-6 };
const numbers = (values: readonly (number | null)[]) => values.map((value) => value ?? Number.NaN);
// numpy rounds halves to even; a value so near a half that float64 decides it may differ by one in the last decimal.
const rounded = { atol: 0.0051, rtol: 0 };

function areaChecks(golden: Golden, name: string, { perClass }: Scores): Check[] {
  return Object.entries(areas).map(([key, field]) => {
    const tensor = `output.${name}.${key}`;
    const actual = perClass.map((c) => c[field]);
    return { name: tensor, actual, expected: expectedValues(golden, tensor), exact: true };
  });
}

function caseChecks(
  golden: Golden,
  name: string,
  { num_classes, exact_mean, summary, per_class_percent }: Case,
): Check[] {
  const bytes = (side: string) => golden.tensors.get(`input.${name}.${side}`)!.data as Uint8Array;
  const ignore = golden.manifest.ignore_index as number;
  const confusion = addToConfusion(createConfusion(num_classes), bytes('prediction'), bytes('label'), {
    ignore,
    outside: 'count',
  });
  const got = scores(confusion);
  const mean = (key: string) => got[key as 'mIoU'];
  return [
    ...areaChecks(golden, name, got),
    ...Object.entries(ratios).map(([key, field]) => ({
      name: `output.${name}.${key}`,
      actual: got.perClass.map((c) => c[field] / 100),
      expected: expectedValues(golden, `output.${name}.${key}`),
      ...ratioBound,
    })),
    {
      name: `output.${name}.aAcc`,
      actual: [got.aAcc / 100],
      expected: expectedValues(golden, `output.${name}.aAcc`),
      ...ratioBound,
    },
    {
      name: `${name}: means`,
      actual: Object.keys(exact_mean).map((key) => mean(key) / 100),
      expected: numbers(Object.values(exact_mean)),
      ...ratioBound,
    },
    {
      name: `${name}: summary, percent`,
      actual: Object.keys(summary).map(mean),
      expected: numbers(Object.values(summary)),
      ...rounded,
    },
    ...Object.entries(ratios).map(([key, field]) => ({
      name: `${name}: ${key} per class, percent`,
      actual: got.perClass.map((c) => c[field]),
      expected: numbers(per_class_percent[key] ?? []),
      ...rounded,
    })),
  ];
}

function reduceZeroChecks(golden: Golden): Check[] {
  const label = golden.tensors.get('input.reduce_zero.label');
  if (!label) return [];
  const prediction = golden.tensors.get('input.reduce_zero.prediction')!.data as Uint8Array;
  const confusion = createConfusion(golden.tensors.get('output.reduce_zero.area_label')!.shape[0]!);
  const options = { reduceZeroLabel: true, outside: 'count' } as const;
  return areaChecks(
    golden,
    'reduce_zero',
    scores(addToConfusion(confusion, prediction, label.data as Uint8Array, options)),
  );
}

function harmonicChecks(golden: Golden): Check[] {
  const rows = (golden.manifest.harmonic_mean ?? {}) as Record<
    string,
    { readonly values: number[]; readonly harmonic_mean: number }
  >;
  return Object.entries(rows).map(([name, { values, harmonic_mean }]) => ({
    name: `harmonic_mean ${name}`,
    actual: [harmonicMean(values)],
    expected: [harmonic_mean],
    atol: 0,
    rtol: 1e-12,
  }));
}

export const family: Family = {
  prefix: 'metrics',
  run(golden) {
    const cases = Object.entries(golden.manifest.cases as Record<string, Case>);
    return [
      ...cases.flatMap(([name, c]) => caseChecks(golden, name, c)),
      ...reduceZeroChecks(golden),
      ...harmonicChecks(golden),
    ];
  },
};
