import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  compilePipeline,
  createRandom,
  enumerateLabels,
  gridPositions,
  type LabelMap,
  type TransformSpec,
  whyNotFixed,
} from '../index.js';

const map = (width: number, height: number): LabelMap => ({
  data: Uint8Array.from({ length: width * height }, (_, i) => (7 * i) % 251),
  width,
  height,
});
const text = ({ data, width, height }: LabelMap) => `${width}×${height}:${data.join()}`;
const sample = (labels: LabelMap) => ({
  labels,
  image: { data: new Uint8Array(3 * labels.data.length), width: labels.width, height: labels.height },
  name: 's',
});

const edge = fc.integer({ min: 1, max: 9 });
const step = fc.oneof(
  fc.record({ type: fc.constant('RandomCrop' as const), width: edge, height: edge, stride: edge }),
  fc.record({ type: fc.constant('RandomFlip' as const), prob: fc.constantFrom(0, 0.5, 1) }),
  fc.record({ type: fc.constant('Pad' as const), sizeDivisor: edge }),
  fc.record({ type: fc.constant('Resize' as const), width: edge, height: edge, keepRatio: fc.constant(false) }),
  fc.constant({ type: 'PhotoMetricDistortion' as const }),
  fc.constant({ type: 'ReduceZeroLabel' as const }),
);

describe('enumerateLabels', () => {
  property.prop([fc.array(step, { maxLength: 4 }), edge, edge, fc.integer()], { numRuns: 200 })(
    'holds whatever the pipeline draws',
    (specs, width, height, seed) => {
      const labels = map(width, height);
      expect(whyNotFixed(specs, labels)).toBeUndefined();
      const known = new Set(enumerateLabels(specs, labels).map(text));
      const run = compilePipeline(specs);
      for (let i = 0; i < 5; i++) expect(known).toContain(text(run(sample(labels), createRandom(seed, i)).labels));
    },
  );
  test('is complete and no more: every one is drawn sooner or later', () => {
    const specs: TransformSpec[] = [{ type: 'RandomCrop', width: 4, height: 4, stride: 3 }, { type: 'RandomFlip' }];
    const labels = map(9, 6);
    const known = enumerateLabels(specs, labels).map(text);
    expect(known.length).toBe(3 * 2 * 2);
    const run = compilePipeline(specs);
    const drawn = Array.from({ length: 400 }, (_, i) => text(run(sample(labels), createRandom(1, i)).labels));
    expect(new Set(drawn)).toEqual(new Set(known));
  });
  test('a grid of crops reaches the far edge', () => {
    expect(gridPositions(10, 4, 4)).toEqual([0, 4, 6]);
    expect(gridPositions(8, 4, 4)).toEqual([0, 4]);
    expect(gridPositions(3, 4, 4)).toEqual([0]);
  });
});

describe('whyNotFixed names the step that draws too freely', () => {
  const size = { width: 100, height: 60 };
  const crop: TransformSpec = { type: 'RandomCrop', width: 50, height: 50 };
  test.each([
    [[{ type: 'Resize', width: 100, height: 60, ratioRange: [0.5, 2] }], /Resize draws its scale from 0\.5…2/],
    [[{ type: 'RandomRotate', degree: 5 }], /RandomRotate draws its angle/],
    [[crop], /RandomCrop cuts 50×50 anywhere out of 100×60; give it a stride/],
    [[{ type: 'Resize', width: 50, height: 30, ratioRange: [2, 2] }, crop], /out of 100×60/],
  ] as [TransformSpec[], RegExp][])('%j', (specs, message) => {
    expect(whyNotFixed(specs, size)).toMatch(message);
    expect(() => enumerateLabels(specs, map(100, 60))).toThrow(message);
  });
  test.each([
    [[{ type: 'Resize', width: 50, height: 30, ratioRange: [1, 1] }, crop]],
    [[{ ...crop, stride: 10 }]],
    [[{ ...crop, width: 100, height: 60 }]],
    [[{ type: 'RandomRotate', degree: 5, prob: 0 }]],
  ] as [TransformSpec[]][])('%j is fixed', (specs) => expect(whyNotFixed(specs, size)).toBeUndefined());
});

test('a crop that spans the picture is resized with it', () => {
  const run = compilePipeline([
    { type: 'RandomCrop', width: 4, height: 4 },
    { type: 'Resize', width: 2, height: 2, keepRatio: false },
  ]);
  expect(run(sample(map(4, 4)), createRandom(0)).labels).toMatchObject({ width: 2, height: 2 });
});
