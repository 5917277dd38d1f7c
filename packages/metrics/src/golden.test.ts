import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSafetensors } from '@gss/checkpoint';
import { addToConfusion, type ClassScores, createConfusion, type Scores, scores } from '@gss/metrics';
import { findGolden } from '@gss/testing';
import { describe, expect, test } from 'vitest';

interface Golden {
  cases: Record<
    string,
    { num_classes: number; exact_mean: Record<string, number | null>; summary: Record<string, number | null> }
  >;
}

const committed = fileURLToPath(new URL('../fixtures', import.meta.url));
/** The committed copy, the full set where it lies beside the repository, and any other folder of fixtures of this form. */
const folders = new Set([committed, findGolden('metrics'), process.env.GSS_GOLDEN]);
const fixtures = [...folders].flatMap((folder) =>
  folder === undefined
    ? []
    : readdirSync(folder)
        .filter((file) => /^metrics.*\.json$/.test(file))
        .map((file) => join(folder, file.replace(/\.json$/, ''))),
);

const areas: Record<string, keyof ClassScores> = {
  area_intersect: 'intersection',
  area_union: 'union',
  area_prediction: 'predicted',
  area_label: 'labelled',
};
const ratios: Record<string, keyof ClassScores> = {
  IoU: 'iou',
  Acc: 'acc',
  Dice: 'dice',
  Fscore: 'fScore',
  Precision: 'precision',
  Recall: 'recall',
};
const means = ['aAcc', 'mIoU', 'mAcc', 'mDice', 'mFscore', 'mPrecision', 'mRecall'] as const satisfies (keyof Scores)[];

const close = (actual: number, expected: number) =>
  expect(
    Number.isNaN(expected) ? Number.isNaN(actual) : Math.abs(actual - expected) <= 1e-9,
    `${actual} vs ${expected}`,
  ).toBe(true);

describe.each(fixtures.map((path) => [relative(committed, path), path]))('fixture %s', (_, fixture) => {
  const golden = JSON.parse(readFileSync(`${fixture}.json`, 'utf8')) as Golden;
  const tensors = parseSafetensors(readFileSync(`${fixture}.safetensors`));
  const numbers = (name: string) => Array.from(tensors.get(name)!.data, Number);
  const bytes = (name: string) => tensors.get(name)!.data as Uint8Array;

  test.each(Object.entries(golden.cases))('%s equals mmsegmentation', (name, { num_classes, exact_mean, summary }) => {
    const confusion = addToConfusion(
      createConfusion(num_classes),
      bytes(`input.${name}.prediction`),
      bytes(`input.${name}.label`),
      { outside: name.startsWith('out_of_range') ? 'count' : 'refuse' },
    );
    const got = scores(confusion);
    for (const [key, field] of Object.entries(areas)) {
      expect(got.perClass.map((c) => c[field])).toEqual(numbers(`output.${name}.${key}`));
    }
    for (const [key, field] of Object.entries(ratios)) {
      const expected = numbers(`output.${name}.${key}`);
      expect(expected.length).toBe(num_classes);
      got.perClass.forEach((c, i) => {
        close(c[field] / 100, expected[i]!);
      });
    }
    for (const key of means) {
      close(got[key] / 100, exact_mean[key] ?? Number.NaN);
      close(Math.round(got[key] * 100) / 100, summary[key] ?? Number.NaN);
    }
  });

  if (!tensors.has('input.reduce_zero.label')) return;
  test('reduce_zero_label equals mmsegmentation', () => {
    const label = bytes('input.reduce_zero.label');
    const K = tensors.get('output.reduce_zero.area_label')!.data.length;
    const options = { reduceZeroLabel: true } as const;
    const got = scores(addToConfusion(createConfusion(K), bytes('input.reduce_zero.prediction'), label, options));
    for (const [key, field] of Object.entries(areas)) {
      expect(got.perClass.map((c) => c[field])).toEqual(numbers(`output.reduce_zero.${key}`));
    }
  });
});
