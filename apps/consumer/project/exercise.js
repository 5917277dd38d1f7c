// One job with each package, through their roots alone. Node (ESM and require) and the page run this very file.

const width = 128;
const height = 96;

/** What the three packages make of the same input: plain JSON, equal wherever it runs. */
export function exercise({ maskige, metrics, datasets }) {
  return { codec: codec(maskige), scores: score(metrics), pipeline: transform(datasets), scene: scene(datasets) };
}

/** Labels 0..18 in slanted stripes, a corner unlabelled. Large enough for the WebAssembly path of the codec. */
function makeLabels() {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[y * width + x] = x < 16 && y < 8 ? 255 : ((x >> 2) + y) % 19;
  return { data, width, height };
}

function codec({ checkPalette, decode, encode, maximalDistancePalette }) {
  const palette = maximalDistancePalette(19);
  const labels = makeLabels();
  const options = { ignore: 255 };
  const picture = encode(labels, palette, { ...options, channels: 4 });
  const noisy = picture.data.map((value, i) => value + ((i * 37) % 21) - 10); // clamps, as pictures do
  return {
    sound: checkPalette(palette).ok,
    palette,
    first: [...picture.data.slice(0, 4)],
    labels: [...labels.data],
    decoded: [...decode(picture, palette, options).data],
    fromNoise: [...decode({ ...picture, data: noisy }, palette, options).data],
    refusal: refusal(() => encode({ data: Uint8Array.of(19), width: 1, height: 1 }, palette)),
  };
}

/** A prediction that is one class off in its last 24 rows, against the truth. */
function score({ addToConfusion, createConfusion, formatTable, scores }) {
  const truth = makeLabels().data;
  const prediction = truth.map((label, i) => (i < width * 72 ? label : (label + 1) % 19));
  const confusion = addToConfusion(createConfusion(19), prediction, truth);
  const { aAcc, mAcc, mIoU } = scores(confusion);
  return { aAcc, mAcc, mIoU, table: formatTable(scores(confusion)) };
}

function transform({ compilePipeline, sampleRandom }) {
  const train = compilePipeline([
    { type: 'Resize', width: 256, height: 96, ratioRange: [0.5, 2] },
    { type: 'RandomCrop', width: 64, height: 64, catMaxRatio: 0.75 },
    { type: 'RandomFlip' },
    { type: 'PhotoMetricDistortion' },
    { type: 'Normalize' },
    { type: 'Pad', width: 64, height: 64 },
  ]);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i) % 251);
  const sample = { image: { data, width, height }, labels: makeLabels(), name: 'stripes' };
  const { image, labels } = train(sample, sampleRandom(1, 2, 3));
  return { width: image.width, height: image.height, image: [...image.data], labels: [...labels.data] };
}

function scene({ renderStreetScene, syntheticStreetsClasses }) {
  const { image, labels } = renderStreetScene({ seed: 1, index: 0, width: 96, height: 64 });
  return { classes: syntheticStreetsClasses.length, image: [...image.data], labels: [...labels.data] };
}

function refusal(run) {
  try {
    run();
  } catch (error) {
    return error.message;
  }
  return '';
}
