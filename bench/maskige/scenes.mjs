// Test images of the maskige benchmark: a street-like label map (ellipses, mean run about 55 pixels) and noise on its maskige.
export const width = 2048;
export const height = 1024;
export const pixels = width * height;

export function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Regions of one label each. */
export function regions(K) {
  const next = random(1);
  const map = new Uint8Array(pixels);
  for (let i = 0; i < 1500; i++) {
    const [cx, cy, k] = [next() * width, next() * height, Math.floor(next() * K)];
    const [rx, ry] = [10 + next() * 120, 10 + next() * 80];
    for (let y = Math.max(0, Math.floor(cy - ry)); y < Math.min(height, cy + ry); y++) {
      const half = rx * Math.sqrt(Math.max(0, 1 - ((y - cy) / ry) ** 2));
      map.fill(k, y * width + Math.max(0, Math.floor(cx - half)), y * width + Math.min(width, Math.floor(cx + half)));
    }
  }
  return map;
}

/** Every pixel a label of its own: the hardest map to encode. */
export function confetti(K) {
  const next = random(2);
  return Uint8Array.from({ length: pixels }, () => Math.floor(next() * K));
}

/** Gaussian noise of standard deviation sigma on every byte. */
export function noisy(image, sigma) {
  const next = random(3);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Uint8ClampedArray.from(image, (v) => v + sigma * gauss());
}
