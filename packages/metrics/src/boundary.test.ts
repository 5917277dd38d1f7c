import { readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import {
  addToBoundaryConfusion,
  addToBoundaryMatches,
  boundaryFScores,
  createBoundaryMatches,
  createConfusion,
  type LabelMap,
  mergeBoundaryMatches,
  scores,
} from '@gss/metrics';
import { describe, expect } from 'vitest';
import { boundaryRegion } from './boundary-region.js';

interface Case {
  width: number;
  height: number;
  classes: number;
  iouRatio: number;
  fRatio: number;
  truth: string;
  prediction: string;
  /** Intersection and union of the boundary regions of each class. */
  region: [number, number][];
  /** Contour pixels of the prediction, matched ones, those of the truth, matched ones, of each class. */
  f: [number, number, number, number][];
}
const cases = JSON.parse(readFileSync(new URL('../fixtures/boundary.json', import.meta.url), 'utf8')) as Case[];
const digits = (map: string, { width, height }: Case): LabelMap => ({
  data: Uint8Array.from(map, Number),
  width,
  height,
});

const mapPair = fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 })).chain(([width, height]) => {
  const map = fc
    .uint8Array({ minLength: width * height, maxLength: width * height, max: 3 })
    .map((data): LabelMap => ({ data: data.map((id) => (id === 3 ? 0 : id)), width, height }));
  const ignored = fc.array(fc.nat(width * height - 1), { maxLength: 6 });
  return fc.tuple(map, map, ignored).map(([prediction, truth, at]) => {
    for (const i of at) (truth.data as Uint8Array)[i] = 255;
    return { prediction, truth };
  });
});

/** Contour pixels of class c as [x, y], by the definition of DAVIS, without those that touch an ignored pixel. */
function slowContour({ data, width, height }: LabelMap, hole: LabelMap, c: number): [number, number][] {
  const out: [number, number][] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [right, below] = [Math.min(x + 1, width - 1), Math.min(y + 1, height - 1)];
      const four = [y * width + x, y * width + right, below * width + x, below * width + right];
      if (four.some((i) => hole.data[i] === 255)) continue;
      const ofClass = four.filter((i) => data[i] === c).length;
      if (ofClass > 0 && ofClass < 4) out.push([x, y]);
    }
  }
  return out;
}

/** Pixels of class c in the boundary region, by looking at every pixel of the square around each. */
function slowRegion({ data, width, height }: LabelMap, hole: LabelMap, c: number, d: number): boolean[] {
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === c && hole.data[y * width + x] !== 255;
  return Array.from(data, (_, i) => {
    const x = i % width;
    const y = Math.floor(i / width);
    if (!at(x, y)) return false;
    for (let dy = -d; dy <= d; dy++) for (let dx = -d; dx <= d; dx++) if (!at(x + dx, y + dy)) return true;
    return false;
  });
}

describe('boundary IoU', () => {
  test.each(cases)('equals masks eroded by OpenCV ($width x $height)', (c) => {
    const options = { dilationRatio: c.iouRatio };
    const confusion = addToBoundaryConfusion(
      createConfusion(c.classes),
      digits(c.prediction, c),
      digits(c.truth, c),
      options,
    );
    expect(scores(confusion).perClass.map(({ intersection, union }) => [intersection, union])).toEqual(c.region);
  });

  test.prop([mapPair, fc.integer({ min: 1, max: 4 })])(
    'equals looking at every pixel around',
    ({ prediction, truth }, distance) => {
      const { perClass } = scores(addToBoundaryConfusion(createConfusion(3), prediction, truth, { distance }));
      for (let c = 0; c < 3; c++) {
        const p = slowRegion(prediction, truth, c, distance);
        const t = slowRegion(truth, truth, c, distance);
        expect(perClass[c]!.intersection).toBe(p.filter((inside, i) => inside && t[i]).length);
        expect(perClass[c]!.union).toBe(p.filter((inside, i) => inside || t[i]).length);
      }
    },
  );

  test.prop([mapPair, fc.integer({ min: 1, max: 4 })])('of identical maps is 100', ({ truth }, distance) => {
    const prediction = { ...truth, data: truth.data.map((id) => (id === 255 ? 1 : id)) as Uint8Array };
    const { perClass, mIoU } = scores(addToBoundaryConfusion(createConfusion(3), prediction, truth, { distance }));
    expect(perClass.every(({ iou }) => Number.isNaN(iou) || iou === 100)).toBe(true);
    expect(mIoU).toEqual(truth.data.every((id) => id === 255) ? Number.NaN : 100);
  });

  test('counts every pixel once', () => {
    const [c] = cases as [Case];
    const { counts, unlabelled, unpredicted, ignored } = addToBoundaryConfusion(
      createConfusion(c.classes),
      digits(c.prediction, c),
      digits(c.truth, c),
    );
    const sum = [counts, unlabelled, unpredicted].reduce((total, a) => total + a.reduce((s, n) => s + n, 0), ignored);
    expect(sum).toBe(c.width * c.height);
    expect(ignored).toBeGreaterThan(0);
  });

  test.each([
    [3, 4, 1], // 0.1 · 5 = 0.5 → 0, at least 1
    [15, 20, 2], // 2.5 → 2
    [21, 28, 4], // 3.5 → 4
  ])('rounds the width to even as Python does (%i x %i: %i)', (width, height, distance) => {
    const map: LabelMap = { data: new Uint8Array(width * height), width, height };
    const inside = Math.max(0, width - 2 * distance) * Math.max(0, height - 2 * distance);
    const { ignored } = addToBoundaryConfusion(createConfusion(1), map, map, { dilationRatio: 0.1 });
    expect(ignored).toBe(inside);
  });

  test('names bad input and adds nothing', () => {
    const confusion = createConfusion(2);
    const map = (data: number[]): LabelMap => ({ data: Uint8Array.from(data), width: 2, height: 2 });
    const good = map([0, 1, 0, 1]);
    expect(() => addToBoundaryConfusion(confusion, map([0, 0, 0, 2]), good)).toThrow(
      'addToBoundaryConfusion: prediction 2 at pixel 3',
    );
    expect(() => addToBoundaryConfusion(confusion, good, { ...good, height: 3 })).toThrow(
      'truth has 4 pixels, expected width · height = 2 · 3',
    );
    expect(() => addToBoundaryConfusion(confusion, good, good, { dilationRatio: 2 })).toThrow(
      'expected a dilationRatio between 0 and 1',
    );
    expect(() => addToBoundaryConfusion(confusion, good, good, { distance: 0 })).toThrow(
      'expected a distance of whole pixels from 1 on, got 0',
    );
    expect(() => addToBoundaryConfusion(confusion, good.data as unknown as LabelMap, good)).toThrow(
      'prediction must be',
    );
    expect(confusion).toEqual(createConfusion(2));
  });
});

test('a region is 1 within the distance of another label or the edge, and 0 inside', () => {
  const region = boundaryRegion(new Int16Array(35).fill(3), 7, 5, 2);
  expect([...region]).toEqual(Array.from({ length: 35 }, (_, i) => (i === 16 || i === 17 || i === 18 ? 0 : 1)));
});

describe('boundary F', () => {
  test('takes the 16384 classes that a matrix may have', () => {
    expect(createBoundaryMatches(16384).fSum).toHaveLength(16384);
    expect(() => createBoundaryMatches(16385)).toThrow('expected 1 to 16384 classes, got 16385');
  });

  test.each(cases)('equals contours dilated by OpenCV ($width x $height)', (c) => {
    const options = { dilationRatio: c.fRatio };
    const m = addToBoundaryMatches(
      createBoundaryMatches(c.classes),
      digits(c.prediction, c),
      digits(c.truth, c),
      options,
    );
    expect(Array.from(m.predicted, (n, k) => [n, m.predictedMatched[k], m.labelled[k], m.labelledMatched[k]])).toEqual(
      c.f,
    );
  });

  test.prop([mapPair, fc.integer({ min: 1, max: 4 })])('of identical maps is 100', ({ truth }, distance) => {
    const prediction = { ...truth, data: truth.data.map((id) => (id === 255 ? 1 : id)) as Uint8Array };
    const got = boundaryFScores(addToBoundaryMatches(createBoundaryMatches(3), prediction, truth, { distance }));
    for (const { f } of got.perClass) expect(Number.isNaN(f) || f === 100).toBe(true);
  });

  test.prop([mapPair, fc.integer({ min: 1, max: 9 })])(
    'equals comparing every contour pixel with every other',
    ({ prediction, truth }, distance) => {
      const m = addToBoundaryMatches(createBoundaryMatches(3), prediction, truth, { distance });
      for (let c = 0; c < 3; c++) {
        const p = slowContour(prediction, truth, c);
        const t = slowContour(truth, truth, c);
        const met = (from: typeof p, to: typeof p) =>
          from.filter(([x, y]) => to.some(([u, v]) => (x - u) ** 2 + (y - v) ** 2 <= distance ** 2)).length;
        expect([m.predicted[c], m.labelled[c]]).toEqual([p.length, t.length]);
        expect([m.predictedMatched[c], m.labelledMatched[c]]).toEqual([met(p, t), met(t, p)]);
      }
    },
  );

  test.prop([mapPair, fc.integer({ min: 1, max: 4 })])(
    'swaps precision and recall with the maps',
    ({ prediction, truth }, distance) => {
      const whole = { ...truth, data: truth.data.map((id) => (id === 255 ? 1 : id)) as Uint8Array };
      const there = boundaryFScores(addToBoundaryMatches(createBoundaryMatches(3), prediction, whole, { distance }), {
        over: 'pixels',
      });
      const back = boundaryFScores(addToBoundaryMatches(createBoundaryMatches(3), whole, prediction, { distance }), {
        over: 'pixels',
      });
      expect(there.perClass.map(({ precision, recall }) => [precision, recall])).toEqual(
        back.perClass.map(({ precision, recall }) => [recall, precision]),
      );
    },
  );

  const strip = (text: string): LabelMap => ({ data: Uint8Array.from(text, Number), width: text.length, height: 1 });
  const add = (prediction: string, truth: string, into = createBoundaryMatches(3), distance = 1) =>
    addToBoundaryMatches(into, strip(prediction), strip(truth), { distance, outside: 'count', ignore: 9 });

  test('matches within the distance and no further', () => {
    expect(boundaryFScores(add('00111111', '00011111')).mBoundaryF).toBe(100);
    expect(boundaryFScores(add('00111111', '00001111')).mBoundaryF).toBe(0);
    expect(boundaryFScores(add('00111111', '00001111', createBoundaryMatches(3), 2)).mBoundaryF).toBe(100);
  });

  test('a class with a contour on one side only has F 0, one without any is not defined', () => {
    const { perClass } = boundaryFScores(add('00000000', '00001111'));
    expect(perClass[0]).toEqual({ f: 0, precision: 100, recall: 0 });
    expect(perClass[2]!.f).toBeNaN();
  });

  test('has no contour at ignored pixels, in the truth or in the prediction', () => {
    const m = add('00001111', '00099111');
    expect([...m.images]).toEqual([0, 0, 0]);
  });

  test('averages over images or pools pixels, merged or not', () => {
    const one = add('00111111', '00011111');
    const two = add('00110011', '00001111');
    const both = add('00110011', '00001111', add('00111111', '00011111'));
    expect(mergeBoundaryMatches(createBoundaryMatches(3), one, two)).toEqual(both);
    // Image 1: F 1. Image 2: three contour pixels in the prediction, one of which meets the only one of the truth.
    expect(boundaryFScores(both).perClass[0]!.f).toBeCloseTo(50 * (1 + 0.5), 12);
    expect(boundaryFScores(both, { over: 'pixels' }).perClass[0]).toEqual({
      precision: 50,
      recall: 100,
      f: expect.closeTo(200 / 3, 12),
    });
    expect(() => mergeBoundaryMatches(createBoundaryMatches(2), both)).toThrow(
      'mergeBoundaryMatches: expected 2 classes, got 3',
    );
    expect(() => createBoundaryMatches(0)).toThrow('createBoundaryMatches: expected 1 to 16384 classes, got 0');
  });

  test('names bad input', () => {
    const matches = createBoundaryMatches(2);
    expect(() => addToBoundaryMatches(matches, strip('02'), strip('00'))).toThrow(
      'addToBoundaryMatches: prediction 2 at pixel 1',
    );
    expect(() => addToBoundaryMatches(matches, strip('0'), strip('00'))).toThrow(
      'prediction has 1x1 pixels, truth has 2x1',
    );
    expect(matches).toEqual(createBoundaryMatches(2));
  });
});
