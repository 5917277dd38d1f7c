import type { Rng } from '@gss/tensor';

export interface ProceduralMaskConfig {
  readonly width: number;
  readonly height: number;
  /** Labels are 0 … classes − 1. */
  readonly classes: number;
  /** Size of the largest shapes in pixels. Default: the shorter side. */
  readonly scale?: number;
}

type Inside = (x: number, y: number) => boolean;

interface Shape {
  readonly inside: Inside;
  /** x0, y0, x1, y1, in pixels, not cut to the image. */
  readonly box: readonly [number, number, number, number];
}

function ellipse(cx: number, cy: number, rx: number, ry: number, angle: number): Shape {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const r = Math.max(rx, ry);
  const inside = (x: number, y: number) => {
    const u = ((x - cx) * c + (y - cy) * s) / rx;
    const v = ((y - cy) * c - (x - cx) * s) / ry;
    return u * u + v * v <= 1;
  };
  return { inside, box: [cx - r, cy - r, cx + r, cy + r] };
}

function rectangle(cx: number, cy: number, rx: number, ry: number, angle: number): Shape {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const r = Math.hypot(rx, ry);
  const inside = (x: number, y: number) =>
    Math.abs((x - cx) * c + (y - cy) * s) <= rx && Math.abs((y - cy) * c - (x - cx) * s) <= ry;
  return { inside, box: [cx - r, cy - r, cx + r, cy + r] };
}

/** A closed curve of radius r(1 + Σ aₙ cos(nφ + bₙ)): trees, clouds, people. */
function blob(cx: number, cy: number, radius: number, rng: Rng): Shape {
  const waves = [2, 3, 5, 8].map((n) => ({ n, a: (rng.uniform() * 0.6) / Math.sqrt(n), b: rng.uniform() * 6.28 }));
  const inside = (x: number, y: number) => {
    const angle = Math.atan2(y - cy, x - cx);
    const edge = waves.reduce((r, { n, a, b }) => r + a * Math.cos(n * angle + b), 1) * radius;
    return Math.hypot(x - cx, y - cy) <= edge;
  };
  const r = radius * 2.2;
  return { inside, box: [cx - r, cy - r, cx + r, cy + r] };
}

/** Everything below a wavy, slanted line: ground, sky line, road edge. */
function halfPlane(rng: Rng, width: number, height: number): Shape {
  const steep = rng.uniform() < 0.3;
  const angle = steep ? rng.uniform() * 6.28 : (rng.uniform() - 0.5) * 0.6;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [cx, cy] = [rng.uniform() * width, rng.uniform() * height];
  const amplitude = rng.uniform() * 8;
  const period = 8 + rng.uniform() * 60;
  const inside = (x: number, y: number) => {
    const along = (x - cx) * c + (y - cy) * s;
    return (y - cy) * c - (x - cx) * s > amplitude * Math.sin(along / period);
  };
  return { inside, box: [0, 0, width, height] };
}

function shapeOf(rng: Rng, width: number, height: number, scale: number): Shape {
  const kind = rng.uniform();
  const [cx, cy] = [rng.uniform() * width, rng.uniform() * height];
  const size = () => (scale / 2) * Math.exp(-3.2 * rng.uniform()); // log-uniform over a factor of 25
  if (kind < 0.12) return halfPlane(rng, width, height);
  if (kind < 0.32) {
    // Poles, wires, kerbs: one to four pixels across.
    const thickness = 0.5 + rng.uniform() * 1.5;
    const upright = rng.uniform() < 0.7 ? Math.PI / 2 + (rng.uniform() - 0.5) * 0.1 : rng.uniform() * Math.PI;
    return rectangle(cx, cy, size() + 3, thickness, upright);
  }
  if (kind < 0.55) return rectangle(cx, cy, size(), size(), rng.uniform() < 0.7 ? 0 : rng.uniform() * Math.PI);
  if (kind < 0.75) return ellipse(cx, cy, size(), size(), rng.uniform() * Math.PI);
  return blob(cx, cy, size(), rng);
}

/**
 * A random label map, [height · width] row by row, of regions with straight and wavy borders, blobs and thin lines, every
 * class equally likely per shape: enough to train a tokenizer without a data set.
 */
export function proceduralMask(rng: Rng, { width, height, classes, scale }: ProceduralMaskConfig): Uint8Array {
  if (!(classes >= 1 && classes <= 256)) throw new RangeError(`proceduralMask: ${classes} classes, expected 1 … 256.`);
  const mask = new Uint8Array(width * height).fill(rng.int(classes));
  const shapes = 6 + rng.int(Math.max(4, Math.round((width * height) / 400)));
  for (let i = 0; i < shapes; i++) {
    const { inside, box } = shapeOf(rng, width, height, scale ?? Math.min(width, height));
    const label = rng.int(classes);
    const [x0, y0] = [Math.max(0, Math.floor(box[0])), Math.max(0, Math.floor(box[1]))];
    const [x1, y1] = [Math.min(width, Math.ceil(box[2]) + 1), Math.min(height, Math.ceil(box[3]) + 1)];
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) if (inside(x + 0.5, y + 0.5)) mask[y * width + x] = label;
    }
  }
  return mask;
}
