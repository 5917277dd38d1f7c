import { readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import { addToCalibration, calibrationScores, createCalibration, mergeCalibration } from '@gss/metrics';
import { describe, expect } from 'vitest';

const cases = JSON.parse(readFileSync(new URL('../fixtures/boundary.json', import.meta.url), 'utf8')) as {
  truth: string;
  prediction: string;
  permille: number[];
  ece: number;
}[];
const bytes = (digits: string) => Uint8Array.from(digits, Number);

describe('expected calibration error', () => {
  test.each(cases.map((c, i) => [i, c] as const))(
    'equals numpy (map %i)',
    (_, { truth, prediction, permille, ece }) => {
      const confidence = Float64Array.from(permille, (v) => v / 1000);
      const got = addToCalibration(createCalibration(), confidence, bytes(prediction), bytes(truth));
      expect(Math.abs(calibrationScores(got).ece / 100 - ece)).toBeLessThanOrEqual(1e-9);
    },
  );

  test('puts a value on an edge into the lower bin, and 0 into the first', () => {
    const confidence = Float64Array.of(0, 0.25, 0.26, 0.5, 0.75, 1);
    const got = addToCalibration(createCalibration(4), confidence, new Uint8Array(6), Uint8Array.of(0, 0, 1, 0, 0, 0));
    expect([...got.pixels]).toEqual([2, 2, 1, 1]);
    expect([...got.correct]).toEqual([2, 1, 1, 1]);
    const { ece, mce, bins } = calibrationScores(got);
    expect(ece).toBeCloseTo((2 * (100 - 12.5) + 2 * (50 - 38) + 25 + 0) / 6, 10);
    expect(mce).toBeCloseTo(87.5, 10);
    expect(bins[1]).toMatchObject({ from: 0.25, to: 0.5, pixels: 2, accuracy: 50 });
  });

  test('is 0 for a sure and faultless prediction and not defined without pixels', () => {
    const sure = addToCalibration(
      createCalibration(),
      new Float32Array(5).fill(1),
      new Uint8Array(5),
      new Uint8Array(5),
    );
    expect(calibrationScores(sure)).toMatchObject({ ece: 0, mce: 0 });
    const empty = calibrationScores(createCalibration(2));
    expect(empty.ece).toBeNaN();
    expect(empty.mce).toBeNaN();
    expect(empty.bins[0]!.accuracy).toBeNaN();
  });

  test('leaves out ignored pixels, whatever their confidence, and reads reduceZeroLabel', () => {
    const confidence = Float32Array.of(Number.NaN, 0.5);
    const got = addToCalibration(createCalibration(1), confidence, Uint8Array.of(0, 2), Uint8Array.of(0, 3), {
      reduceZeroLabel: true,
    });
    expect([...got.pixels, ...got.correct]).toEqual([1, 1]);
  });

  const pixel = fc.record({
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    p: fc.nat(2),
    t: fc.constantFrom(0, 1, 2, 255),
  });
  test.prop([fc.array(pixel, { maxLength: 60 }), fc.array(pixel, { maxLength: 60 })])('merges', (a, b) => {
    const of = (pixels: typeof a) =>
      addToCalibration(
        createCalibration(5),
        Float64Array.from(pixels, (v) => v.confidence),
        Uint8Array.from(pixels, (v) => v.p),
        Uint8Array.from(pixels, (v) => v.t),
      );
    const merged = mergeCalibration(of(a), of(b));
    const whole = of([...a, ...b]);
    expect(merged.pixels).toEqual(whole.pixels);
    expect(merged.correct).toEqual(whole.correct);
    merged.confidence.forEach((sum, i) => {
      expect(sum).toBeCloseTo(whole.confidence[i]!, 9);
    });
  });

  test('names bad input and adds nothing', () => {
    const calibration = createCalibration(3);
    const two = Uint8Array.of(0, 1);
    expect(() => addToCalibration(calibration, Float32Array.of(0.5, Number.NaN), two, two)).toThrow(
      'confidence NaN at pixel 1 is not in [0, 1]',
    );
    expect(() => addToCalibration(calibration, Float32Array.of(0.5, 1.5), two, two)).toThrow(
      'confidence 1.5 at pixel 1',
    );
    expect(() => addToCalibration(calibration, Float32Array.of(-0.5, 1), two, two)).toThrow(
      'confidence -0.5 at pixel 0',
    );
    expect(() => addToCalibration(calibration, new Float32Array(3), two, two)).toThrow(
      'confidence has 3 pixels, truth has 2',
    );
    expect(() => addToCalibration(calibration, new Float32Array(2), two, new Uint8Array(3))).toThrow(
      'prediction has 2 pixels, truth has 3',
    );
    expect(() => mergeCalibration(calibration, createCalibration(4))).toThrow(
      'mergeCalibration: expected 3 bins, got 4',
    );
    expect(() => createCalibration(0)).toThrow('createCalibration: expected at least 1 bin, got 0');
    expect(calibration).toEqual(createCalibration(3));
  });
});
