import { ignoreIndex, type Sample } from '../types.js';

/**
 * The best that colour alone can do: a Bayes classifier on a 3-D histogram of RGB (`bins`³ cells). Trained on some samples it
 * gives every pixel the class that its colour cell has most often. The bar that a data set must hold: far below a network.
 */
export function trainColourClassifier(
  samples: Iterable<Sample>,
  classes: number,
  bins = 32,
): (sample: Sample) => Uint8Array {
  const counts = new Float64Array(bins ** 3 * classes);
  const prior = new Float64Array(classes);
  const cell = ({ data }: Sample['image'], i: number) => {
    const at = (k: number) => (data[3 * i + k]! * bins) >> 8;
    return (at(0) * bins + at(1)) * bins + at(2);
  };
  for (const { image, labels } of samples)
    for (let i = 0; i < labels.data.length; i++) {
      const id = labels.data[i]!;
      if (id === ignoreIndex) continue;
      counts[cell(image, i) * classes + id]!++;
      prior[id]!++;
    }
  const commonest = prior.indexOf(Math.max(...prior));
  const decision = new Uint8Array(bins ** 3).fill(commonest);
  for (let k = 0; k < decision.length; k++) {
    let best = 0;
    for (let id = 0; id < classes; id++)
      if (counts[k * classes + id]! > best) {
        best = counts[k * classes + id]!;
        decision[k] = id;
      }
  }
  return ({ image, labels }) => Uint8Array.from({ length: labels.data.length }, (_, i) => decision[cell(image, i)]!);
}
