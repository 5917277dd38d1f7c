import * as tf from '@tensorflow/tfjs-core';

const valuesOf = (x: tf.Tensor | ArrayLike<number>): ArrayLike<number> => (x instanceof tf.Tensor ? x.dataSync() : x);

/** Largest |a − b|; throws where the sizes differ or exactly one of the two is NaN. */
export function largestError(actual: tf.Tensor | ArrayLike<number>, expected: tf.Tensor | ArrayLike<number>): number {
  const a = valuesOf(actual);
  const b = valuesOf(expected);
  if (a.length !== b.length) throw new Error(`expected ${b.length} values, got ${a.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]) !== Number.isNaN(b[i])) throw new Error(`value ${i}: expected ${b[i]}, got ${a[i]}`);
    if (a[i] !== b[i]) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  }
  return largest;
}

/** |a − b| ≤ relative · max|b| + absolute for every value, the bound that the golden data uses. */
export function expectClose(
  actual: tf.Tensor | ArrayLike<number>,
  expected: tf.Tensor | ArrayLike<number>,
  absolute = 1e-5,
  relative = 0,
): void {
  const b = valuesOf(expected);
  let scale = 0;
  for (let i = 0; i < b.length; i++) scale = Math.max(scale, Math.abs(b[i]!) || 0);
  const bound = absolute + relative * scale;
  const error = largestError(actual, expected);
  if (!(error <= bound)) throw new Error(`largest error ${error} exceeds ${bound}`);
}

/** Runs `fn` and holds that nothing but its returned tensors stays. */
export function expectNoLeak(fn: () => tf.Tensor | readonly tf.Tensor[] | undefined): void {
  const before = tf.memory().numTensors;
  const result = fn();
  const kept = result === undefined ? [] : result instanceof tf.Tensor ? [result] : result;
  const left = tf.memory().numTensors - before - kept.length;
  tf.dispose([...kept]);
  if (left !== 0) throw new Error(`${left} tensors leaked`);
}

/**
 * Compares the gradient of Σ cotangent · f(x) with central differences along `directions` random directions.
 * A direction's slope is a mean over all elements, so float32 noise stays small.
 */
export function expectGradient(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, tolerance = 2e-2, directions = 3): void {
  tf.tidy(() => {
    const cotangent = tf.randomNormal(f(x).shape, 0, 1, 'float32', 7);
    const loss = (at: tf.Tensor) => tf.sum(tf.mul(f(at), cotangent)) as tf.Scalar;
    const gradient = tf.grad(loss)(x);
    for (let seed = 1; seed <= directions; seed++) {
      const direction = tf.randomNormal(x.shape, 0, 1, 'float32', seed);
      const h = 1e-2;
      const up = loss(tf.add(x, tf.mul(direction, h))).dataSync()[0]!;
      const down = loss(tf.sub(x, tf.mul(direction, h))).dataSync()[0]!;
      const slope = (up - down) / (2 * h);
      const predicted = tf.sum(tf.mul(gradient, direction)).dataSync()[0]!;
      const scale = Math.max(1, Math.abs(slope), Math.abs(predicted));
      if (!(Math.abs(slope - predicted) / scale <= tolerance)) {
        throw new Error(`direction ${seed}: finite difference ${slope}, gradient ${predicted}`);
      }
    }
  });
}
