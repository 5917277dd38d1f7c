import { checkPalette } from '@gss/maskige';
import { countModel, modelSpec, parseModelConfig } from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import { countParams } from '@gss/tensor';
import { expect, test } from 'vitest';

test('there is a preset for every row of Tables 3 to 6 that is not discriminative', () => {
  const rows = presetNames().flatMap((name) => preset(name).paper ?? []);
  const of = (table: number) =>
    rows
      .filter((row) => row.table === table)
      .map(({ published }) => published.value)
      .sort();
  expect(of(3)).toEqual([40.64, 43.72, 43.98]); // the last row of Table 3 is Table 5's GSS-FF
  expect(of(4)).toEqual([70.77, 77.76, 78.46, 78.9, 80.05]);
  expect(of(5)).toEqual([43.71, 46.29, 48.54]);
  expect(of(6)).toEqual([52.6, 55.2, 59.5, 61.9]);
});

test.each(presetNames())('%s: a whole config, the twin too; other classes get colours that lie apart', (name) => {
  for (const kind of ['generative', 'discriminative'] as const) {
    const { model } = preset(name, { kind });
    expect(parseModelConfig(JSON.stringify(model), name)).toEqual(model);
    expect(model.kind).toBe(kind);
  }
  const { model } = preset(name, { classes: 7 });
  expect([model.classes.length, model.palette.length, model.prior.classes]).toEqual([7, 7, 7]);
  expect(checkPalette(model.palette).minDistance).toBeGreaterThan(100);
});

test('an FT-W preset has its inverse, and its prior comes from a preset that there is', () => {
  const learned = presetNames().filter((name) => name.includes('ft-w'));
  expect(learned.length).toBe(5);
  for (const name of learned) {
    const { model, inverse } = preset(name);
    expect(model.ftw?.classes).toBe(model.classes.length);
    expect(preset(inverse!.from).model.backbone).toEqual(model.backbone);
  }
});

test('parameters are those of the reference: trained ones, and all', () => {
  const of = (name: string) => countModel(preset(name).model);
  expect(of('paper-ff-swin-l-ade20k')).toEqual({
    backbone: 195_201_204,
    decode_head: 220_905_066 - 195_201_204,
    tokenizer: 97_616_006,
    total: 318_521_072,
  });
  expect(of('paper-ff-r101-cityscapes').total).toBe(174_948_057);
  expect(of('paper-ff-hrnet-w48-mseg').total).toBe(194_579_688);
  expect(of('paper-ft-w-r101-cityscapes').total).toBe(173_009_021);
  expect(of('paper-ft-w-swin-l-ade20k').total).toBe(317_050_296);
  expect(countParams(modelSpec(preset('nano').model))).toBeLessThan(1e6);
});

test('unknown names are answered with those nearest, too few classes are refused', () => {
  expect(() => preset('paper-ff-swin-ade20k')).toThrow('Did you mean paper-ff-swin-l-ade20k or');
  expect(() => preset('nanoo')).toThrow('Did you mean nano or');
  expect(() => preset('nano', { classes: 1 })).toThrow('preset: expected at least two classes, got 1');
});
