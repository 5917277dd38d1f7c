// synthetic-streets: pictures per CPU second at three sizes, and what a classifier that sees nothing but colour reaches (a Bayes
// classifier on an RGB histogram, trained on TRAIN scenes, scored on VAL others). Build first: pnpm --filter @gss/datasets build.
// Usage: node bench/datasets-streets.mjs [TRAIN [VAL]]   (default: as many scenes as `gss quickstart` trains and evaluates on)
import { renderStreetScene, syntheticStreetsClasses, trainColourClassifier } from '../packages/datasets/dist/index.js';

const [trainCount, valCount] = [Number(process.argv[2] ?? 480), Number(process.argv[3] ?? 60)];

function speed(width, height, count) {
  for (let index = 0; index < 5; index++) renderStreetScene({ seed: 9, index, width, height });
  const start = process.cpuUsage();
  for (let index = 0; index < count; index++) renderStreetScene({ seed: 1, index, width, height });
  const { user, system } = process.cpuUsage(start);
  return { size: `${width}×${height}`, 'images/s': Number(((count * 1e6) / (user + system)).toFixed(1)) };
}
console.table([speed(192, 128, 60), speed(320, 240, 30), speed(512, 384, 20)]);

function* scenes(variety, split, count) {
  for (let index = 0; index < count; index++)
    yield renderStreetScene({ seed: 1, index, split, variety, width: 192, height: 128 });
}

const K = syntheticStreetsClasses.length;
/** IoU of each class by colour alone, and its share of the pixels. */
function colourAlone(variety) {
  const classify = trainColourClassifier(scenes(variety, 'train', trainCount), K);
  const [hits, union, pixels] = [new Float64Array(K), new Float64Array(K), new Float64Array(K)];
  for (const sample of scenes(variety, 'val', valCount)) {
    const predicted = classify(sample);
    for (const [i, truth] of sample.labels.data.entries()) {
      if (truth === 255) continue;
      pixels[truth]++;
      union[truth]++;
      if (predicted[i] === truth) hits[truth]++;
      else union[predicted[i]]++;
    }
  }
  const total = pixels.reduce((a, b) => a + b);
  return { iou: Array.from(hits, (h, k) => (100 * h) / union[k]), share: Array.from(pixels, (n) => (100 * n) / total) };
}

const [full, calm] = [colourAlone('full'), colourAlone('calm')];
console.table(
  syntheticStreetsClasses.map(({ name }, k) => ({
    class: name,
    'full: share %': +full.share[k].toFixed(2),
    'full: IoU': +full.iou[k].toFixed(1),
    'calm: share %': +calm.share[k].toFixed(2),
    'calm: IoU': +calm.iou[k].toFixed(1),
  })),
);
const mean = (values) => (values.reduce((a, b) => a + b) / K).toFixed(2);
console.log(`colour alone: ${mean(full.iou)} mIoU (full), ${mean(calm.iou)} mIoU (calm)`);
