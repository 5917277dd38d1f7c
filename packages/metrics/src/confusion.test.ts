import { fc, test } from '@fast-check/vitest';
import { addToConfusion, type Confusion, createConfusion, mergeConfusion } from '@gss/metrics';
import { describe, expect } from 'vitest';

/** One question per pixel, as the definition reads. */
function reference(
  classes: number,
  prediction: ArrayLike<number>,
  truth: ArrayLike<number>,
  ignore: readonly number[],
): Confusion {
  const confusion = createConfusion(classes);
  const is = (id: number) => id >= 0 && id < classes;
  for (let i = 0; i < truth.length; i++) {
    const t = truth[i]!;
    const p = prediction[i]!;
    if (ignore.includes(t) || (!is(t) && !is(p))) confusion.ignored++;
    else if (is(t) && is(p)) confusion.counts[t * classes + p]!++;
    else if (is(t)) confusion.unpredicted[t]!++;
    else confusion.unlabelled[p]!++;
  }
  return confusion;
}

/** Deep equality of typed arrays of 65,536 entries is slow in the test runner. */
function expectEqual(got: Confusion, expected: Confusion): void {
  const arrays = ({ unpredicted, unlabelled, counts }: Confusion) => [unpredicted, unlabelled, counts];
  expect([got.classes, got.ignored]).toEqual([expected.classes, expected.ignored]);
  const same = arrays(got).every((a, i) => {
    const b = arrays(expected)[i]!;
    return a.length === b.length && a.every((n, k) => n === b[k]);
  });
  expect(same, 'the same matrix').toBe(true);
}

const total = ({ counts, unpredicted, unlabelled, ignored }: Confusion) =>
  [counts, unpredicted, unlabelled].reduce((sum, a) => sum + a.reduce((s, n) => s + n, 0), ignored);

const transposed = ({ classes, counts, unpredicted, unlabelled, ignored }: Confusion): Confusion => ({
  classes,
  counts: counts.map((_, i) => counts[(i % classes) * classes + Math.floor(i / classes)]!),
  unpredicted: unlabelled,
  unlabelled: unpredicted,
  ignored,
});

/** Ids in runs, repeated up to a length: words of one byte, mixed ones, and patterns with the period of a word. */
const side = fc.oneof(
  fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 40 }),
  fc.array(fc.tuple(fc.nat(255), fc.constant(1)), { minLength: 1, maxLength: 8 }),
);
/** Pairs of maps with runs of their own on each side; some are long enough for the histogram. */
const runs = fc
  .record({
    classes: fc.integer({ min: 1, max: 256 }),
    sides: fc.tuple(side, side),
    length: fc.constantFrom(0, 1, 500, 16_384, 17_003),
    offset: fc.nat(9),
  })
  .map(({ classes, sides, length, offset }) => {
    const [prediction, truth] = sides.map((pieces) => {
      const once = pieces.flatMap(([id, pixels]) => new Array<number>(pixels).fill(id));
      return Uint8Array.from({ length: length + offset }, (_, i) => once[i % once.length]!);
    }) as [Uint8Array, Uint8Array];
    return { classes, prediction, truth, offset };
  });

describe('addToConfusion', () => {
  test.prop([runs, fc.constantFrom([], [255], [0, 7, 255])], { numRuns: 25 })(
    'equals a loop over pixels, in every integer type and at every byte offset',
    ({ classes, prediction, truth, offset }, ignore) => {
      const expected = reference(classes, prediction, truth, ignore);
      const options = { ignore, outside: 'count' } as const;
      const moved = new Uint8Array(truth.length + offset).subarray(offset);
      moved.set(truth);
      for (const t of [truth, moved, Uint8ClampedArray.from(truth), Int32Array.from(truth), Uint16Array.from(truth)]) {
        for (const p of [prediction, Int32Array.from(prediction), Int16Array.from(prediction)]) {
          expectEqual(addToConfusion(createConfusion(classes), p, t, options), expected);
        }
      }
    },
  );

  test.prop([fc.integer({ min: 257, max: 300 }), fc.array(fc.tuple(fc.nat(400), fc.nat(400)), { maxLength: 300 })])(
    'equals a loop over pixels for ids beyond bytes',
    (classes, pixels) => {
      const prediction = Uint16Array.from(pixels, ([p]) => p);
      const truth = Int32Array.from(pixels, ([, t]) => t - 50);
      const got = addToConfusion(createConfusion(classes), prediction, truth, { ignore: -1, outside: 'count' });
      expectEqual(got, reference(classes, prediction, truth, [-1]));
    },
  );

  test('counts blocks of bytes and blocks of wider ids of one map together', () => {
    const n = 16384 * 3 + 5;
    const truth = Int32Array.from({ length: n }, (_, i) => (i > 16384 && i < 20000 ? 70_000 : i % 7));
    const prediction = Int32Array.from({ length: n }, (_, i) => (i >> 2) % 7);
    const got = addToConfusion(createConfusion(7), prediction, truth, { ignore: 70_000 });
    expect(got).toEqual(reference(7, prediction, truth, [70_000]));
    expect(got.ignored).toBe(20000 - 16385);
  });

  test.prop([runs], { numRuns: 25 })(
    'confusion(a, b) transposed is confusion(b, a)',
    ({ classes, prediction, truth }) => {
      const options = { ignore: [], outside: 'count' } as const;
      const there = addToConfusion(createConfusion(classes), prediction, truth, options);
      const back = addToConfusion(createConfusion(classes), truth, prediction, options);
      expectEqual(transposed(there), back);
      expect(total(there)).toBe(truth.length);
    },
  );

  test.prop([runs, fc.integer()], { numRuns: 25 })(
    'does not depend on the order of pixels',
    ({ classes, prediction, truth }, seed) => {
      const order = Array.from(truth, (_, i) => i).sort(
        (a, b) => Math.imul(a ^ seed, 2654435761) - Math.imul(b ^ seed, 2654435761),
      );
      const options = { outside: 'count' } as const;
      const shuffled = addToConfusion(
        createConfusion(classes),
        Uint8Array.from(order, (i) => prediction[i]!),
        Uint8Array.from(order, (i) => truth[i]!),
        options,
      );
      expectEqual(shuffled, addToConfusion(createConfusion(classes), prediction, truth, options));
    },
  );

  test('reads truth 0 as unlabelled and the others one lower with reduceZeroLabel', () => {
    const got = addToConfusion(createConfusion(2), Uint8Array.of(1, 0, 1, 1), Uint8Array.of(0, 1, 2, 255), {
      reduceZeroLabel: true,
    });
    expect([...got.counts]).toEqual([1, 0, 0, 1]);
    expect(got.ignored).toBe(2);
    expect(() =>
      addToConfusion(createConfusion(2), Uint8Array.of(1), Uint8Array.of(3), { reduceZeroLabel: true }),
    ).toThrow('truth 3 at pixel 0 is no class (expected 1 to 2)');
  });

  test('accepts maps and refuses other sizes, also of as many pixels', () => {
    const map = (width: number, height: number) => ({ data: new Uint8Array(6), width, height });
    expect(addToConfusion(createConfusion(1), map(2, 3), map(2, 3)).counts[0]).toBe(6);
    expect(() => addToConfusion(createConfusion(1), map(2, 3), map(3, 2))).toThrow(
      'prediction has 2x3 pixels, truth has 3x2',
    );
    expect(() => addToConfusion(createConfusion(1), map(2, 2), map(2, 2))).toThrow(
      'prediction has 6 pixels, expected width · height = 2 · 2',
    );
    expect(() => addToConfusion(createConfusion(1), new Uint8Array(3), new Uint8Array(4))).toThrow(
      'addToConfusion: prediction has 3 pixels, truth has 4. Resize the prediction',
    );
  });

  test.each([
    [2.5, 2],
    [2, 2.5],
    [-1, -5],
    [5, 2],
    [Number.NaN, 5],
  ])('refuses 5 pixels as %d × %d', (width, height) => {
    const map = { data: new Uint8Array(5), width, height };
    expect(() => addToConfusion(createConfusion(1), map, new Uint8Array(5))).toThrow(
      `prediction has 5 pixels, expected width · height = ${width} · ${height}`,
    );
  });

  test('refuses what is no typed array of integers', () => {
    const bytes = new Uint8Array(2);
    expect(() => addToConfusion(createConfusion(2), new Float32Array(2) as unknown as Uint8Array, bytes)).toThrow(
      'prediction must be a typed array of integers (Uint8Array, Uint16Array, Int32Array, …), got Float32Array',
    );
    expect(() => addToConfusion(createConfusion(2), bytes, [0, 1] as unknown as Uint8Array)).toThrow('truth must be');
    expect(() => addToConfusion(createConfusion(2), null as unknown as Uint8Array, bytes)).toThrow(
      'prediction must be',
    );
  });

  test.each([64, 20_000])('names the first pixel that is out of range and adds nothing (%i pixels)', (n) => {
    const confusion = createConfusion(3);
    const prediction = new Uint8Array(n);
    const truth = new Uint8Array(n);
    truth[10] = 255;
    prediction[10] = 9;
    truth[40] = 3;
    prediction[50] = 77;
    for (const t of [truth, Int32Array.from(truth)]) {
      expect(() => addToConfusion(confusion, prediction, t)).toThrow(
        "addToConfusion: truth 3 at pixel 40 is no class (expected 0 to 2). Pass the right number of classes, ignore: 3 if it means unlabelled, or outside: 'count'.",
      );
      expect(() => addToConfusion(confusion, prediction, t, { ignore: [3, 255] })).toThrow(
        "prediction 77 at pixel 50 is no class (expected 0 to 2). Pass the right number of classes, or outside: 'count'.",
      );
      expect(() =>
        addToConfusion(
          confusion,
          Int16Array.from(prediction, () => -1),
          t,
        ),
      ).toThrow('prediction -1 at pixel 0');
    }
    expect(total(confusion)).toBe(0);
  });

  // Words that all but repeat one byte: three bytes alike, sign bits, bits with a period of seven or nine.
  test.each([
    [[0, 1, 2, 3]],
    [[5, 0, 0, 0]],
    [[5, 255, 255, 255]],
    [[0, 0, 0, 5]],
    [[4, 5, 5, 5]],
    [[255, 255, 255, 127]],
    [[1, 2, 4, 8]],
    [[128, 64, 32, 16]],
    [[129, 64, 32, 16]],
  ])('equals a loop over pixels where one side repeats %j and the other a byte', (word) => {
    const n = 20_000;
    const constant = new Uint8Array(n).fill(2);
    const period = Uint8Array.from({ length: n }, (_, i) => word[i % 4]!);
    for (const [p, t] of [
      [constant, period],
      [period, constant],
    ] as const) {
      const got = addToConfusion(createConfusion(256), p, t, { ignore: [] });
      expectEqual(got, reference(256, p, t, []));
    }
  });

  test.each([0, 1, 2, 3, 19_996, 19_997, 19_998, 19_999, 20_000, 20_001, 20_002])(
    'sees a wider id at pixel %i',
    (i) => {
      const truth = new Int32Array(20_003);
      truth[i] = 512;
      expect(() => addToConfusion(createConfusion(3), new Uint8Array(20_003), truth)).toThrow(
        `truth 512 at pixel ${i} `,
      );
    },
  );

  test('tells a wider id from the byte it would be cut to', () => {
    const truth = new Int32Array(20_000);
    truth[19_000] = 256;
    expect(() => addToConfusion(createConfusion(3), new Uint8Array(20_000), truth)).toThrow('truth 256 at pixel 19000');
    const unsigned = new Uint32Array(20_000);
    unsigned[5] = 2 ** 32 - 1;
    expect(() => addToConfusion(createConfusion(3), new Uint8Array(20_000), unsigned, { ignore: -1 })).toThrow(
      'truth 4294967295 at pixel 5',
    );
  });
});

describe('mergeConfusion', () => {
  test.prop([fc.array(runs, { minLength: 1, maxLength: 5 })], { numRuns: 20 })(
    'of parts is the matrix of the whole',
    (images) => {
      const options = { outside: 'count' } as const;
      const whole = createConfusion(200);
      for (const { prediction, truth } of images) addToConfusion(whole, prediction, truth, options);
      const parts = images.map(({ prediction, truth }) =>
        addToConfusion(createConfusion(200), prediction, truth, options),
      );
      expectEqual(mergeConfusion(createConfusion(200), ...parts), whole);
      expectEqual(mergeConfusion(createConfusion(200), ...parts.reverse()), whole);
    },
  );

  test('refuses another number of classes and adds nothing', () => {
    const into = createConfusion(2);
    const one = addToConfusion(createConfusion(2), Uint8Array.of(1), Uint8Array.of(0));
    expect(() => mergeConfusion(into, one, createConfusion(3))).toThrow('mergeConfusion: expected 2 classes, got 3');
    expect(total(into)).toBe(0);
  });

  test('works on a matrix that was posted', () => {
    const posted = structuredClone(addToConfusion(createConfusion(2), Uint8Array.of(1), Uint8Array.of(0)));
    expect([...mergeConfusion(posted, posted).counts]).toEqual([0, 2, 0, 0]);
  });
});

test.each([0, -1, 1.5, Number.NaN, 16385])('createConfusion refuses %d classes', (classes) => {
  expect(() => createConfusion(classes)).toThrow(`createConfusion: expected 1 to 16384 classes, got ${classes}`);
});
