import * as tf from '@tensorflow/tfjs-core';

/**
 * One axis of jax.image.resize(method='linear') as a matrix [to, from]: a triangle that widens when shrinking
 * (antialiasing), rows normalised to 1.
 */
export function antialiasedMatrix(from: number, to: number): tf.Tensor2D {
  const inverse = from / to;
  const reach = Math.max(inverse, 1);
  const rows = Array.from({ length: to }, (_, o) => {
    const at = (o + 0.5) * inverse - 0.5;
    const weights = Array.from({ length: from }, (_, i) => Math.max(0, 1 - Math.abs(at - i) / reach));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  });
  return tf.tensor2d(rows, [to, from]);
}

type Grid = readonly [number, number];

/** A sequence on a grid resized to another grid: [B, H · W, C] → [B, h · w, C]. One product with the joint matrix. */
export function resizeGrid(x: tf.Tensor3D, from: Grid, to: Grid): tf.Tensor3D {
  const [B, N, C] = x.shape;
  return tf.tidy(() => {
    const rows = tf.reshape(antialiasedMatrix(from[0], to[0]), [to[0], 1, from[0], 1]);
    const columns = tf.reshape(antialiasedMatrix(from[1], to[1]), [1, to[1], 1, from[1]]);
    const joint = tf.reshape(tf.mul(rows, columns), [to[0] * to[1], N]); // [h·w, H·W]
    return mixPositions(x, tf.transpose(joint) as tf.Tensor2D, [B, N, C]);
  });
}

/** Σ_t x[b, t, c] · matrix[t, n]: [B, T, C] × [T, N] → [B, N, C] */
export function mixPositions(
  x: tf.Tensor3D,
  matrix: tf.Tensor2D,
  [B, T, C]: readonly [number, number, number] = x.shape,
): tf.Tensor3D {
  const N = matrix.shape[1];
  return tf.tidy(() => {
    const byChannel = tf.reshape(tf.transpose(x, [0, 2, 1]), [B * C, T]) as tf.Tensor2D;
    const mixed = tf.reshape(tf.matMul(byChannel, matrix), [B, C, N]);
    return tf.transpose(mixed, [0, 2, 1]) as tf.Tensor3D;
  });
}

/** Pixels of each patch behind its channels: [B, H, W, K] → [B, nH · nW, K, p · q], UViM's layout of one-hot maps. */
export function toPatches(image: tf.Tensor4D, [p, q]: Grid): tf.Tensor4D {
  const [B, H, W, K] = image.shape;
  return tf.tidy(() => {
    const grid = tf.reshape(image, [B, H / p, p, W / q, q, K]);
    return tf.reshape(tf.transpose(grid, [0, 1, 3, 5, 2, 4]), [B, (H / p) * (W / q), K, p * q]);
  });
}

/** The inverse of `toPatches`: [B, nH · nW, K, p · q] → [B, H, W, K]. */
export function fromPatches(patches: tf.Tensor4D, [H, W]: Grid, [p, q]: Grid): tf.Tensor4D {
  const [B, , K] = patches.shape;
  return tf.tidy(() => {
    const grid = tf.reshape(patches, [B, H / p, W / q, K, p, q]);
    return tf.reshape(tf.transpose(grid, [0, 1, 4, 2, 5, 3]), [B, H, W, K]);
  });
}

/** Squares of `size`, row by row behind each image: [B, H, W, C] → [B · nH · nW, size, size, C]. */
export function toTiles(x: tf.Tensor4D, size: number): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  return tf.tidy(() => {
    const grid = tf.reshape(x, [B, H / size, size, W / size, size, C]);
    return tf.reshape(tf.transpose(grid, [0, 1, 3, 2, 4, 5]), [-1, size, size, C]);
  });
}

/** The inverse of `toTiles`: [B · nH · nW, size, size, C] → [B, H, W, C]. */
export function joinTiles(tiles: tf.Tensor4D, [H, W]: Grid): tf.Tensor4D {
  const [, size, , C] = tiles.shape;
  return tf.tidy(() => {
    const grid = tf.reshape(tiles, [-1, H / size, W / size, size, size, C]);
    return tf.reshape(tf.transpose(grid, [0, 1, 3, 2, 4, 5]), [-1, H, W, C]);
  });
}
