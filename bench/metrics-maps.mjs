/** Pairs of label maps of the kinds that matter to counting: long runs, short runs, noise, no runs at all. */
export function* maps(width, height) {
  yield { name: 'streets', classes: 19, ...cells(width, height, 19, 128, 0) };
  yield { name: 'fine', classes: 150, ...cells(width, height, 150, 32, 0) };
  yield { name: 'noise-10%', classes: 150, ...cells(width, height, 150, 32, 0.1) };
  yield { name: 'random', classes: 256, ...cells(width, height, 256, 1, 0) };
}

function generator(seed) {
  let s = seed;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Voronoi cells as truth, 2 % of them unlabelled; the prediction is moved by (2, 1) and some of its pixels are random. */
function cells(width, height, classes, size, noise) {
  const random = generator(7);
  const columns = Math.ceil(width / size);
  const rows = Math.ceil(height / size);
  const seeds = Array.from({ length: columns * rows }, () => ({
    x: random(),
    y: random(),
    label: classes < 256 && random() < 0.02 ? 255 : Math.floor(random() * classes),
  }));
  const truth = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) truth[y * width + x] = nearest(seeds, columns, rows, size, x, y);
  }
  const prediction = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = truth[Math.min(height - 1, y + 1) * width + Math.min(width - 1, x + 2)];
      const replace = label >= classes || random() < noise || size === 1;
      prediction[y * width + x] = replace ? Math.floor(random() * classes) : label;
    }
  }
  return { prediction, truth: classes === 256 ? withoutIgnored(truth) : truth };
}

/** With 256 classes there is no id left for unlabelled pixels; 255 stays ignored and the counts differ from a plain loop's. */
const withoutIgnored = (truth) => truth.map((label) => (label === 255 ? 0 : label));

function nearest(seeds, columns, rows, size, x, y) {
  const column = Math.floor(x / size);
  const row = Math.floor(y / size);
  let best = Number.POSITIVE_INFINITY;
  let label = 0;
  for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r++) {
    for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c++) {
      const seed = seeds[r * columns + c];
      const distance = ((c + seed.x) * size - x) ** 2 + ((r + seed.y) * size - y) ** 2;
      if (distance < best) {
        best = distance;
        label = seed.label;
      }
    }
  }
  return label;
}
