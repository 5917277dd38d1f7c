import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compilePipeline,
  createRandom,
  cropImage,
  cropLabels,
  drawPhotoMetric,
  flipImage,
  flipLabels,
  hsvToRgb,
  normalize,
  paperPipelines,
  parseTransforms,
  photoMetricDistortion,
  type RgbImage,
  renderStreetScene,
  resizeImage,
  resizeLabels,
  rgbToHsv,
  rotateImage,
  rotateLabels,
  type Sample,
  sampleRandom,
  type TransformSpec,
} from '../index.js';
import { throughHsv } from './hsv.js';

const scene = renderStreetScene({ seed: 5, index: 2, width: 150, height: 90 });
const smallTrain: TransformSpec[] = [
  { type: 'Resize', width: 200, height: 100, ratioRange: [0.5, 2] },
  { type: 'RandomCrop', width: 64, height: 64, catMaxRatio: 0.75 },
  { type: 'RandomFlip' },
  { type: 'PhotoMetricDistortion' },
  { type: 'Normalize' },
  { type: 'Pad', width: 64, height: 64 },
];

/** A small sample whose labels follow its pixels. */
const samples = fc
  .record({ width: fc.integer({ min: 2, max: 40 }), height: fc.integer({ min: 2, max: 40 }), seed: fc.nat() })
  .map(({ width, height, seed }): Sample => {
    const random = createRandom(seed);
    const ids = Uint8Array.from({ length: width * height }, () => (random.chance(0.1) ? 255 : random.int(5)));
    return {
      image: { data: Uint8Array.from({ length: 3 * width * height }, () => random.int(256)), width, height },
      labels: { data: ids, width, height },
      name: 'x',
    };
  });

describe('compilePipeline', () => {
  test('gives the same batch for the same (seed, epoch, index), another for another', () => {
    const run = compilePipeline(smallTrain);
    const a = run(scene, sampleRandom(1, 2, 3));
    expect(run(scene, sampleRandom(1, 2, 3))).toEqual(a);
    for (const key of [
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
    ])
      expect(run(scene, sampleRandom(...(key as [number, number, number]))).image.data).not.toEqual(a.image.data);
    expect([a.image.width, a.image.height, a.image.data.length, a.labels.data.length]).toEqual([64, 64, 12288, 4096]);
    expect(a.image.data).toBeInstanceOf(Float32Array);
    expect(a.original).toEqual({ width: 150, height: 90 });
  });
  test('leaves the sample alone', () => {
    const before = [scene.image.data.slice(), scene.labels.data.slice()];
    const run = compilePipeline([...smallTrain.slice(0, 4), { type: 'RandomRotate', prob: 1, degree: 10 }]);
    for (let i = 0; i < 8; i++) run(scene, sampleRandom(0, 0, i));
    expect([scene.image.data, scene.labels.data]).toEqual(before);
  });
  test('computing only the crop equals resizing all, cropping and flipping one after another', () => {
    fc.assert(
      fc.property(
        samples,
        fc.integer({ min: 3, max: 60 }),
        fc.integer({ min: 3, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        (sample, width, height, crop, seed) => {
          const lazy = compilePipeline([
            { type: 'Resize', width, height, keepRatio: false },
            { type: 'RandomCrop', width: crop, height: crop, catMaxRatio: 0.75 },
            { type: 'RandomFlip' },
          ])(sample, createRandom(seed));
          const whole = {
            image: resizeImage(sample.image, { width, height }),
            labels: resizeLabels(sample.labels, { width, height }),
            name: 'x',
          };
          const eager = compilePipeline([
            { type: 'RandomCrop', width: crop, height: crop, catMaxRatio: 0.75 },
            { type: 'RandomFlip' },
          ])(whole, createRandom(seed));
          expect(lazy.image).toEqual(eager.image);
          expect(lazy.labels).toEqual(eager.labels);
          expect(lazy.flipped).toBe(eager.flipped);
        },
      ),
    );
  });
  test('photometric distortion in a pipeline equals the function, and later steps see its result', () => {
    fc.assert(
      fc.property(samples, fc.nat(), (sample, seed) => {
        const specs: TransformSpec[] = [{ type: 'PhotoMetricDistortion' }];
        const distorted = compilePipeline(specs)(sample, createRandom(seed)).image as RgbImage;
        expect(distorted).toEqual(photoMetricDistortion(sample.image, drawPhotoMetric(createRandom(seed))));
        const to = { width: 17, height: 9 };
        const later = compilePipeline([...specs, { type: 'Resize', ...to, keepRatio: false }, { type: 'Normalize' }])(
          sample,
          createRandom(seed),
        );
        expect(later.image).toEqual(normalize(resizeImage(distorted, to)));
      }),
    );
  });
  test('writes floats where it is told to, and never into an earlier result', () => {
    const run = compilePipeline(smallTrain.slice(0, 5));
    const place = new Float32Array(64 * 64 * 3);
    const told = run(scene, sampleRandom(1, 1, 1), place);
    expect(told.image.data).toBe(place);
    const own = run(scene, sampleRandom(1, 1, 1));
    expect(own.image.data).toEqual(place);
    run(scene, sampleRandom(1, 1, 2));
    expect(own.image.data).toEqual(place);
  });
  test('crops smaller pictures whole and pads them: 255 for labels, the mean for pictures', () => {
    const { image, labels } = compilePipeline([
      { type: 'RandomCrop', width: 200, height: 100 },
      { type: 'Normalize' },
      { type: 'Pad', width: 200, height: 100 },
    ])(scene, createRandom(0));
    expect([image.width, image.height, labels.data.at(-1), image.data.at(-1)]).toEqual([200, 100, 255, 0]);
    expect(labels.data[0]).toBe(scene.labels.data[0]);
    const padded = compilePipeline([{ type: 'Pad', sizeDivisor: 32, fill: [1, 2, 3] }])(scene, createRandom(0));
    expect([padded.image.width, padded.image.height, ...padded.image.data.slice(-3)]).toEqual([160, 96, 1, 2, 3]);
  });
  test('flips half of the time and undoes a double flip', () => {
    const run = compilePipeline([{ type: 'RandomFlip' }]);
    const flips = Array.from({ length: 400 }, (_, i) => run(scene, sampleRandom(9, 0, i)).flipped).filter(
      Boolean,
    ).length;
    expect(flips).toBeGreaterThan(150);
    expect(flips).toBeLessThan(250);
    const twice = compilePipeline([
      { type: 'RandomFlip', prob: 1 },
      { type: 'RandomFlip', prob: 1 },
    ])(scene, createRandom(0));
    expect(twice.labels).toEqual(scene.labels);
    expect(twice.flipped).toBe(false);
  });
  test('the pipelines of the paper are valid', () => {
    for (const { train, test } of Object.values(paperPipelines)) {
      expect(parseTransforms(JSON.parse(JSON.stringify(train)))).toEqual(train);
      compilePipeline(test);
    }
  });
});

describe('geometry', () => {
  test('flip commutes with crop', () => {
    fc.assert(
      fc.property(samples, fc.nat(), ({ image, labels }, seed) => {
        const random = createRandom(seed);
        const width = 1 + random.int(image.width);
        const x = random.int(image.width - width + 1);
        const box = { x, y: 0, width, height: image.height };
        const mirrored = { ...box, x: image.width - x - width };
        expect(flipImage(cropImage(image, box))).toEqual(cropImage(flipImage(image), mirrored));
        expect(flipLabels(cropLabels(labels, box))).toEqual(cropLabels(flipLabels(labels), mirrored));
      }),
    );
  });
  test('resizing labels makes no new id, and resizing a flat picture changes nothing', () => {
    fc.assert(
      fc.property(
        samples,
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 70 }),
        fc.nat(255),
        ({ image, labels }, width, height, grey) => {
          const known = new Set(labels.data);
          expect(resizeLabels(labels, { width, height }).data.every((id) => known.has(id))).toBe(true);
          const flat = { ...image, data: image.data.map(() => grey) };
          expect(resizeImage(flat, { width, height }).data.every((v) => v === grey)).toBe(true);
        },
      ),
    );
  });
  test('a rotation by 180° is both flips; outside is fill and unlabelled', () => {
    const { image, labels } = scene;
    const turned = rotateLabels(labels, 180);
    expect([...turned.data]).toEqual([...labels.data].reverse());
    const corner = rotateImage(image, 45, [9, 8, 7], { autoBound: true });
    expect([...corner.data.slice(0, 3)]).toEqual([9, 8, 7]);
    expect(rotateLabels(labels, 45, undefined, { autoBound: true })).toMatchObject({
      width: corner.width,
      height: corner.height,
    });
    expect(rotateLabels(labels, 45).data[0]).toBe(255);
  });
  test('a box outside the picture and a size of zero are refused', () => {
    expect(() => cropImage(scene.image, { x: 100, y: 0, width: 51, height: 10 })).toThrow(
      'cropImage: box 51×10 at (100, 0) is not within 150×90',
    );
    expect(() => resizeLabels(scene.labels, { width: 0, height: 4 })).toThrow('0×4 is no size');
    expect(() =>
      compilePipeline([])(
        { ...scene, labels: cropLabels(scene.labels, { x: 0, y: 0, width: 9, height: 9 }) },
        createRandom(0),
      ),
    ).toThrow('labels are 9×9, the picture 150×90');
  });
  test('through HSV and back in one pass equals the two conversions', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 0, max: 179 }), ({ image }, turn) => {
        const rgb = Uint8Array.from(image.data);
        const hsv = rgbToHsv(rgb);
        const hues = Uint8Array.from({ length: 256 }, (_, h) => (h + turn) % 180);
        const saturations = Uint8Array.from({ length: 256 }, (_, s) => s >> 1);
        for (let i = 0; i < hsv.length; i += 3) {
          hsv[i] = hues[hsv[i]!]!;
          hsv[i + 1] = saturations[hsv[i + 1]!]!;
        }
        throughHsv(rgb, image.width, hues, saturations);
        expect(rgb).toEqual(hsvToRgb(hsv, image.width));
      }),
    );
  });
  test('HSV of greys has neither hue nor saturation', () => {
    const grey = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
    expect(rgbToHsv(grey).every((v, i) => (i % 3 === 2 ? v === Math.floor(i / 3) : v === 0))).toBe(true);
  });
});

test.each([
  [{}, 'transforms: expected a list of steps, got {}'],
  [['Resize'], 'transforms[0]: expected { "type": … }, got "Resize"'],
  [[{ type: 'RandmFlip' }], 'transforms[0]: no step "RandmFlip". Did you mean "RandomFlip"?'],
  [[{ type: 'RandomFlip', probability: 1 }], 'transforms[0] (RandomFlip): no option "probability". Known: prob.'],
  [[{ type: 'RandomFlip', prob: 2 }], 'prob is 2; expected a number of 0..1'],
  [[{ type: 'RandomCrop', width: 9 }], 'transforms[0] (RandomCrop): "height" is missing'],
  [[{ type: 'Resize', width: 9.5, height: 2 }], 'width is 9.5; expected an integer ≥ 1'],
  [
    [{ type: 'Resize', width: 9, height: 2, ratioRange: [2, 1] }],
    'ratioRange is [2,1]; expected two numbers > 0, the smaller first',
  ],
  [[{ type: 'PhotoMetricDistortion', hueDelta: 1.5 }], 'hueDelta is 1.5; expected an integer of 1..90'],
  [[{ type: 'RandomRotate' }], '"degree" is missing'],
  [[{ type: 'Normalize', std: [1, 0, 1] }], 'std is [1,0,1]; expected three numbers > 0'],
  [[{ type: 'Pad' }], 'give either width and height, or sizeDivisor'],
  [[{ type: 'Pad', width: 4, height: 4, sizeDivisor: 2 }], 'give either width and height, or sizeDivisor'],
  [[{ type: 'Normalize' }, { type: 'RandomFlip' }], 'RandomFlip works on bytes, but Normalize came before it'],
])('parseTransforms(%j) explains itself', (json, message) => {
  expect(() => parseTransforms(json)).toThrow(message);
});
