import { fc, test } from '@fast-check/vitest';
import { addToConfusion, createConfusion, mapClasses, scores, selectClasses } from '@gss/metrics';
import { describe, expect } from 'vitest';

// rows = truth: 8 pixels of class 0 (2 missed), 4 of class 1 (1 missed), none of class 2, which is predicted twice.
const confusion = createConfusion(4);
confusion.counts.set([6, 1, 1, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

describe('scores', () => {
  test('are the definitions, in percent', () => {
    const { perClass, ...means } = scores(confusion);
    expect(perClass[0]).toEqual({
      iou: 75,
      acc: 75,
      precision: 100,
      recall: 75,
      dice: expect.closeTo(1200 / 14, 12),
      fScore: expect.closeTo(1200 / 14, 12),
      intersection: 6,
      union: 8,
      predicted: 6,
      labelled: 8,
    });
    expect(perClass[2]).toMatchObject({ iou: 0, acc: Number.NaN, precision: 0, dice: 0, fScore: Number.NaN });
    expect(perClass[3]!.iou).toBeNaN();
    expect(means.mIoU).toBeCloseTo((75 + 60 + 0) / 3, 12);
    expect(means.mAcc).toBeCloseTo((75 + 75) / 2, 12);
    expect(means.aAcc).toBeCloseTo(900 / 12, 12);
    expect(means.fwIoU).toBeCloseTo((8 * 75 + 4 * 60) / 12, 12);
    expect(means.mPrecision).toBeCloseTo((100 + 75 + 0) / 3, 12);
  });

  test("count an absent class as 0 by MSeg's rule", () => {
    const got = scores(confusion, { absent: 'mseg' });
    expect(got.mIoU).toBeCloseTo((75 + 60) / 4, 8);
    expect(got.mAcc).toBeCloseTo((75 + 75) / 4, 8);
    expect(got.perClass[3]).toMatchObject({ iou: 0, acc: 0, precision: 0, dice: 0, fScore: 0 });
    expect(got.perClass[0]!.iou).toBe(600 / (8 + 1e-10));
    expect(got.aAcc).toBe(900 / (12 + 1e-10));
    expect(got.fwIoU).toBe((8 * got.perClass[0]!.iou + 4 * got.perClass[1]!.iou) / (12 + 1e-10));
    const { aAcc, fwIoU } = scores(createConfusion(2), { absent: 'mseg' });
    expect([aAcc, fwIoU]).toEqual([0, 0]);
  });

  test('of a subset average over it, while other classes stay in the unions', () => {
    const got = scores(confusion, { classes: [1, 0] });
    expect(got.mIoU).toBeCloseTo((75 + 60) / 2, 12);
    expect(got.perClass).toHaveLength(4);
    expect(scores(confusion, { classes: [1] }).aAcc).toBe(75);
    expect(scores(confusion, { classes: [1] }).fwIoU).toBe(60);
    expect(() => scores(confusion, { classes: [4] })).toThrow(
      'scores: class 4 of the subset is out of range (expected 0 to 3)',
    );
    for (const c of [-1, 0.5]) expect(() => scores(confusion, { classes: [c] })).toThrow(`class ${c} of the subset`);
    expect(() => scores(confusion, { classes: [1, 1] })).toThrow('scores: class 1 is twice in the subset');
  });

  test('weigh recall by β² in the F-score', () => {
    expect(scores(confusion, { beta: 2 }).perClass[0]!.fScore).toBeCloseTo((5 * 100 * 75) / (4 * 100 + 75), 12);
  });

  test('of an empty matrix are not defined', () => {
    const { perClass: _, ...means } = scores(createConfusion(2));
    for (const value of Object.values(means)) expect(value).toBeNaN();
  });

  test('pixels predicted as no class are missed, and unlabelled ones false', () => {
    const options = { outside: 'count', ignore: [] } as const;
    const got = scores(
      addToConfusion(createConfusion(2), Uint8Array.of(0, 9, 1, 1), Uint8Array.of(0, 0, 1, 7), options),
    );
    expect(got.perClass.map(({ intersection, union }) => [intersection, union])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(got.aAcc).toBeCloseTo(200 / 3, 12);
  });

  const matrices = fc.integer({ min: 1, max: 6 }).chain((K) =>
    fc.array(fc.nat(1000), { minLength: K * K, maxLength: K * K }).map((counts) => {
      const matrix = createConfusion(K);
      matrix.counts.set(counts);
      return matrix;
    }),
  );
  test.prop([matrices])('stay within 0 to 100 and Dice = 2 IoU / (1 + IoU)', (matrix) => {
    for (const { iou, acc, precision, dice, fScore } of scores(matrix).perClass) {
      for (const value of [iou, acc, precision, dice, fScore])
        expect(Number.isNaN(value) || (value >= 0 && value <= 100 + 1e-9)).toBe(true);
      if (!Number.isNaN(iou)) expect(dice).toBeCloseTo((200 * iou) / (100 + iou), 9);
      if (!Number.isNaN(fScore)) expect(fScore).toBeCloseTo(dice, 9);
    }
  });
});

const pixels = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 200 });
const count = (classes: number, prediction: number[], truth: number[]) =>
  addToConfusion(createConfusion(classes), Uint8Array.from(prediction), Uint8Array.from(truth), { outside: 'count' });

describe('mapClasses', () => {
  test.prop([pixels, fc.array(fc.constantFrom(0, 1, 2, 255), { minLength: 6, maxLength: 6 })])(
    'equals mapping the pixels',
    (pairs, map) => {
      const whole = count(
        6,
        pairs.map(([p]) => p),
        pairs.map(([, t]) => t),
      );
      const mapped = count(
        3,
        pairs.map(([p]) => map[p]!),
        pairs.map(([, t]) => map[t]!),
      );
      expect(mapClasses(whole, map, 3)).toEqual(mapped);
    },
  );

  test('keeps pixels of no class', () => {
    const whole = createConfusion(2);
    whole.unpredicted.set([3, 5]);
    whole.unlabelled.set([7, 11]);
    whole.ignored = 13;
    expect(mapClasses(whole, [0, 255], 1)).toMatchObject({
      unpredicted: Float64Array.of(3),
      unlabelled: Float64Array.of(7),
      ignored: 13 + 5 + 11,
    });
  });

  test('refuses a map that does not fit', () => {
    expect(() => mapClasses(confusion, [0, 1], 2)).toThrow('mapClasses: expected 4 entries in the map, got 2');
    expect(() => mapClasses(confusion, [0, 1, 2, 0], 2)).toThrow(
      'mapClasses: class 2 is mapped to 2 (expected 0 to 1, or 255 for none)',
    );
  });
});

describe('selectClasses', () => {
  test('renumbers the classes and ignores the truth of others', () => {
    const got = selectClasses(confusion, [1, 0]);
    expect([...got.counts]).toEqual([3, 0, 1, 6]);
    expect([...got.unpredicted]).toEqual([1, 1]);
    expect(() => selectClasses(confusion, [0, 9])).toThrow('selectClasses: class 9 of the subset is out of range');
  });
});
