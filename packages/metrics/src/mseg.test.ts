import { readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import {
  addToConfusion,
  argmaxClass,
  createConfusion,
  msegProtocols,
  relabeledPrediction,
  scores,
  transferDecision,
  transferProbabilities,
} from '@gss/metrics';
import { describe, expect } from 'vitest';

interface Example {
  universalClasses: number;
  absent: number[];
  names: Record<string, number>;
  /** Prediction, published label, relabelled label (universal ids), pixels. */
  triples: [number, number, number, number][];
}
const example = JSON.parse(
  readFileSync(new URL('../fixtures/relabeled-example.json', import.meta.url), 'utf8'),
) as Example;

describe('relabelled evaluation', () => {
  const side = (which: 0 | 1 | 2) =>
    Uint8Array.from(example.triples.flatMap((triple) => Array.from({ length: triple[3] }, () => triple[which])));
  const prediction = side(0);
  const published = side(1);
  const relabeled = side(2);
  const rightOrIgnored = (p: Uint8Array, t: Uint8Array) =>
    (100 * p.filter((id, i) => id === t[i] || t[i] === 255).length) / p.length;
  const credited = relabeledPrediction(prediction, published, relabeled);

  test('changes as many pixels of the example as published', () => {
    expect(prediction).toHaveLength(307200);
    expect(published.filter((t, i) => t !== relabeled[i])).toHaveLength(117313);
    expect(rightOrIgnored(prediction, published).toFixed(4)).toBe('70.4590');
    expect(rightOrIgnored(credited.prediction, credited.truth).toFixed(4)).toBe('36.0140');
  });

  test('gives the areas and the mIoU of the example', () => {
    const confusion = addToConfusion(createConfusion(example.universalClasses), credited.prediction, credited.truth, {
      outside: 'count',
    });
    const reached = Array.from({ length: example.universalClasses }, (_, u) => u).filter(
      (u) => !example.absent.includes(u),
    );
    expect(reached).toHaveLength(122);
    const got = scores(confusion, { absent: msegProtocols.mseg.absent, classes: reached });
    expect((got.mIoU / 100).toFixed(6)).toBe('0.020171');
    const areas = Object.fromEntries(
      Object.entries(example.names).map(([name, id]) => {
        const { intersection, union, labelled } = got.perClass[id]!;
        return [name, [intersection, union, labelled]];
      }),
    );
    expect(areas).toMatchObject({
      floor: [0, 3170, 3170],
      broccoli: [7396, 17781, 14248],
      pizza: [0, 13433, 0],
      donut: [0, 6538, 6538],
      food_other: [6221, 31417, 27635],
      table: [0, 163867, 117313],
      box: [0, 5513, 5513],
      cup: [5989, 7463, 7463],
      knife: [0, 2721, 0],
      spoon: [470, 3463, 3463],
      bowl: [18548, 40132, 30980],
      paper: [0, 1, 0],
      wall: [15282, 34224, 34148],
    });
    // The share of pixels that are right or ignored, from the matrix alone.
    const right = got.perClass.reduce((sum, { intersection }) => sum + intersection, 0);
    expect(((100 * (right + confusion.ignored)) / prediction.length).toFixed(4)).toBe('36.0140');
  });

  const SKY = 142;
  const PERSON = 125;
  const MOTORCYCLIST = 126;
  const square = (outside: number, block: number) =>
    Uint8Array.from({ length: 16 }, (_, i) => (i % 4 > 1 && i > 7 ? block : outside));

  test('counts a prediction that agrees with the relabelling as right', () => {
    const t = square(SKY, PERSON);
    const r = square(SKY, MOTORCYCLIST);
    expect(relabeledPrediction(r, t, r)).toEqual({ prediction: t, truth: t });
  });

  test('counts a prediction that disagrees as wrong, even where it equals the published label', () => {
    const t = square(SKY, PERSON);
    expect(relabeledPrediction(t, t, square(SKY, MOTORCYCLIST))).toEqual({ prediction: square(SKY, 255), truth: t });
  });

  test('ignores what the relabelling leaves unlabelled', () => {
    const [wall, cabinet, counter] = [191, 35, 77];
    const rows = (...ids: number[]) => Uint8Array.from({ length: 16 }, (_, i) => ids[i >> 2]!);
    const u = rows(wall, counter, cabinet, cabinet);
    const t = rows(wall, cabinet, cabinet, cabinet);
    const expected = rows(wall, 255, 255, 255);
    const got = relabeledPrediction(u, t, rows(wall, 255, 255, 255));
    expect(got).toEqual({ prediction: expected, truth: expected });
    expect(rightOrIgnored(u, t)).toBe(75);
    expect(rightOrIgnored(got.prediction, got.truth)).toBe(100);
  });

  test('names bad input', () => {
    const two = Uint8Array.of(1, 2);
    expect(() => relabeledPrediction(two, two, new Uint8Array(3))).toThrow(
      'relabeledPrediction: prediction has 2 pixels, truth has 3',
    );
    expect(() => relabeledPrediction(Int32Array.of(1, 300), two, two)).toThrow(
      'prediction 300 at pixel 1 is no universal id',
    );
    expect(() => relabeledPrediction(two, Int32Array.of(-1, 3), two)).toThrow(
      'published -1 at pixel 0 is no universal id',
    );
  });
});

describe('zero-shot transfer', () => {
  // Four universal classes, two test classes: 0 and 2 → 1, 1 → 0, 3 → none.
  const fromUniversal = [1, 0, 1, 255];

  test('MSeg adds up probabilities, so that two lesser classes can win', () => {
    const p = Float64Array.of(0.3, 0.35, 0.25, 0.1);
    const q = transferProbabilities(p, fromUniversal, 2, { from: 'probabilities' });
    expect(q[0]).toBeCloseTo(0.35, 7);
    expect(q[1]).toBeCloseTo(0.55, 7);
    expect([...argmaxClass(q, 2)]).toEqual([1]);
    expect([...transferDecision(argmaxClass(p, 4), fromUniversal, 2)]).toEqual([0]);
  });

  test('GSS decides first, and a universal class without a class becomes class 0', () => {
    expect([...transferDecision(Uint8Array.of(0, 1, 2, 3), fromUniversal, 2)]).toEqual([1, 0, 1, 0]);
    expect([
      ...argmaxClass(transferProbabilities(Float32Array.of(3, 2, 1, 9), fromUniversal, 2, { from: 'logits' }), 2),
    ]).toEqual([1]);
  });

  const logits = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 4, maxLength: 4 });
  test.prop([logits])('takes the softmax over all universal classes', (z) => {
    const e = z.map((v) => Math.exp(v));
    const sum = e.reduce((a, b) => a + b);
    const q = transferProbabilities(Float64Array.from(z), fromUniversal, 2, { from: 'logits' });
    expect(q[0]).toBeCloseTo(e[1]! / sum, 6);
    expect(q[1]).toBeCloseTo((e[0]! + e[2]!) / sum, 6);
  });

  test('does not overflow', () => {
    expect([
      ...transferProbabilities(Float32Array.of(1000, 0, 0, -1000), fromUniversal, 2, { from: 'logits' }),
    ]).toEqual([0, 1]);
  });

  test('reads and writes pixel by pixel', () => {
    const p = Float32Array.of(1, 0, 0, 0, 0, 0.5, 0.25, 0.25, 0, 0, 0, 1);
    expect([...transferProbabilities(p, fromUniversal, 2, { from: 'probabilities' })]).toEqual([0, 1, 0.5, 0.25, 0, 0]);
    // One pixel that sums to 1 does not make logits probabilities, nor do sums of 1 with negative numbers.
    const z = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const q = transferProbabilities(z, fromUniversal, 2, { from: 'logits' });
    const e = Math.E + 3;
    expect([...q]).toEqual([1 / e, (Math.E + 1) / e, 0.25, 0.5].map((v) => expect.closeTo(v, 6)));
    const negative = Float32Array.of(-1, 2, 0, 0);
    expect(transferProbabilities(negative, fromUniversal, 2, { from: 'logits' })[0]).toBeGreaterThan(0.7);
    expect([...argmaxClass(Float32Array.of(0, 3, 0, 5, 4, 0, -3, -2, -1), 3)]).toEqual([1, 0, 2]);
    expect([...argmaxClass(Float32Array.of(7, 8), 1)]).toEqual([0, 0]);
  });

  test('takes the lowest class on a tie', () => {
    expect([...argmaxClass(Float32Array.of(1, 2, 2, 0, 0, 0), 3)]).toEqual([1, 0]);
    expect(argmaxClass(new Float32Array(256), 256)).toEqual(new Uint8Array(1));
    expect(argmaxClass(new Float32Array(257), 257)).toEqual(new Uint16Array(1));
  });

  test('refuses a second softmax, NaN and maps that do not fit', () => {
    const oneHots = Float32Array.of(0, 1, 0, 0, 0.5, 0.5, 0, 0);
    const logits = { from: 'logits' } as const;
    expect(() => transferProbabilities(oneHots, fromUniversal, 2, logits)).toThrow('these are probabilities');
    expect(() => transferProbabilities(oneHots.slice(0, 4), fromUniversal, 2, logits)).toThrow('are probabilities');
    expect(() => transferProbabilities(oneHots, [0, 0.5, 0, 1], 2, logits)).toThrow('class 1 is mapped to 0.5');
    expect(() => transferProbabilities(Float32Array.of(0, 1, Number.NaN, 0), fromUniversal, 2, logits)).toThrow(
      'pixel 0 has NaN for class 2',
    );
    expect(() => transferProbabilities(new Float32Array(5), fromUniversal, 2, logits)).toThrow(
      '5 scores are not a whole number of pixels of 4 classes',
    );
    expect(() => transferProbabilities(oneHots, fromUniversal, 1, logits)).toThrow(
      'universal class 0 is mapped to 1 (expected 0 to 0, or 255 for none)',
    );
    expect(() => transferDecision(Uint8Array.of(1, 4), fromUniversal, 2)).toThrow(
      'universal class 4 at pixel 1 is out of range (expected 0 to 3)',
    );
    expect(() => argmaxClass(Float32Array.of(0, 0, 1, Number.POSITIVE_INFINITY), 2)).toThrow(
      'argmaxClass: pixel 1 has Infinity for class 1',
    );
  });

  test('the protocols differ in the rule for absent classes', () => {
    expect(msegProtocols.mseg).toMatchObject({ absent: 'mseg', window: 713, stride: 476 });
    expect(msegProtocols.gss).toMatchObject({ absent: 'mmsegmentation', window: 768, stride: 512 });
  });
});
