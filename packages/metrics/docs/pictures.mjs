// Makes the README's picture with the package itself:
//   pnpm --filter @gss/maskige --filter @gss/metrics build && node packages/metrics/docs/pictures.mjs
// A maskige in the drawing colours of CamVid, with noise, is decoded: near colours are confused. The confidence is
// 1 − d₁/d₂ of the two nearest colours; how far it is from being a probability is what the reliability diagram shows.
import { writeFileSync } from 'node:fs';
import { encode } from '../../maskige/dist/index.js';
import { namedPalette } from '../../maskige/dist/palettes/index.js';
import { gaussianNoise, sampleMap } from '../../maskige/dist/report/index.js';
import { decodeWithConfidence } from '../../maskige/dist/soft/index.js';
import {
  addToBoundaryConfusion,
  addToBoundaryMatches,
  addToCalibration,
  addToConfusion,
  boundaryFScores,
  calibrationScores,
  createBoundaryMatches,
  createCalibration,
  createConfusion,
  scores,
} from '../dist/index.js';

const names = 'sky building pole road pavement tree sign fence car pedestrian bicyclist'.split(' ');
const K = names.length;
const { palette } = namedPalette('camvid-11');
const truth = sampleMap(K, 320, 240, 4);
const { labels, confidence } = decodeWithConfidence(gaussianNoise(encode(truth, palette), 40), palette);

const confusion = addToConfusion(createConfusion(K), labels, truth);
const figures = scores(confusion);
const boundary = scores(addToBoundaryConfusion(createConfusion(K), labels, truth));
const { perClass: contour, mBoundaryF } = boundaryFScores(
  addToBoundaryMatches(createBoundaryMatches(K), labels, truth),
);
const calibration = calibrationScores(addToCalibration(createCalibration(10), confidence, labels, truth));

const parts = [];
const text = (x, y, content, options = '') => parts.push(`<text x="${x}" y="${y}" ${options}>${content}</text>`);
const right = 'text-anchor="end"';
const middle = 'text-anchor="middle"';
const rect = (x, y, w, h, fill) => parts.push(`<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}"/>`);
const percent = (value) => value.toFixed(0);
/** White at 0, dark blue at 1. */
const shade = (share) =>
  `rgb(${[255, 255, 255].map((white, c) => Math.round(white + share * ([16, 62, 122][c] - white)))})`;

// The confusion matrix, each row in per cent of its class; beside it the figures of the class.
const [left, top, cell] = [92, 62, 24];
text(left + (K * cell) / 2, 24, 'predicted as, % of the class', `${middle} font-weight="bold"`);
for (let t = 0; t < K; t++) {
  const y = top + t * cell;
  text(left - 22, y + 16, names[t], right);
  rect(left - 18, y + 6, 12, 12, `rgb(${palette[t]})`);
  rect(left + t * cell + 6, top - 18, 12, 12, `rgb(${palette[t]})`);
  for (let p = 0; p < K; p++) {
    const share = confusion.counts[t * K + p] / figures.perClass[t].labelled;
    rect(left + p * cell, y, cell - 1, cell - 1, shade(share));
    const colour = `fill="${share > 0.5 ? '#fff' : '#444'}" font-size="10"`;
    if (share >= 0.005) text(left + (p + 0.5) * cell, y + 15.5, percent(100 * share), `${middle} ${colour}`);
  }
}
const columns = [
  ['IoU', figures.perClass.map(({ iou }) => iou), figures.mIoU],
  ['boundary IoU', boundary.perClass.map(({ iou }) => iou), boundary.mIoU],
  ['boundary F', contour.map(({ f }) => f), mBoundaryF],
];
columns.forEach(([title, values, mean], i) => {
  const x = left + K * cell + 46 + 70 * i;
  const words = title.split(' ');
  for (const [line, word] of words.entries())
    text(x, top - 6 - 14 * (words.length - 1 - line), word, `${right} font-weight="bold"`);
  for (const [k, value] of values.entries()) text(x, top + k * cell + 16, value.toFixed(1), right);
  text(x, top + K * cell + 20, mean.toFixed(1), `${right} font-weight="bold"`);
});
text(left - 22, top + K * cell + 20, 'mean', `${right} font-weight="bold"`);

// The reliability diagram: how often are pixels of that confidence right?
const [x0, y0, size] = [left + K * cell + 258, top, K * cell];
text(x0 + size / 2, 24, `right, % (ECE ${calibration.ece.toFixed(1)})`, `${middle} font-weight="bold"`);
parts.push(`<rect x="${x0}" y="${y0}" width="${size}" height="${size}" fill="none" stroke="#bbb"/>`);
for (const { from, to, accuracy, pixels } of calibration.bins) {
  if (!pixels) continue;
  const h = (accuracy / 100) * size;
  rect(
    (x0 + from * size + 1).toFixed(1),
    (y0 + size - h).toFixed(1),
    ((to - from) * size - 2).toFixed(1),
    h.toFixed(1),
    '#6b9bd1',
  );
}
parts.push(`<path d="M${x0} ${y0 + size}L${x0 + size} ${y0}" stroke="#444" stroke-dasharray="5 4" fill="none"/>`);
for (const v of [0, 50, 100]) {
  text(x0 + (v / 100) * size, y0 + size + 16, v, middle);
  text(x0 - 5, y0 + size - (v / 100) * size + 4, v, right);
}
text(x0 + size / 2, y0 + size + 32, 'confidence, %', middle);

const [width, height] = [x0 + size + 20, y0 + size + 42];
const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#222"';
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${style}>
<title>Confusion matrix, scores per class and reliability diagram of a decoded maskige</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
writeFileSync(new URL('confusion.svg', import.meta.url), svg);
