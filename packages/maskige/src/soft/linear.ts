import type { LabelView } from '../types.js';
import { layout } from '../view.js';

/** A dense matrix, row by row. */
export interface Matrix {
  readonly data: Float32Array | Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** β of the paper: [K, 3] from colours (bytes, or any numbers), divided by `scale` (255 for colours in 0..1). */
export function betaOf(palette: readonly (readonly number[])[], scale = 1): Matrix {
  const data = Float64Array.from(palette.flat(), (v) => v / scale);
  if (data.length !== 3 * palette.length) throw new RangeError('betaOf: expected three numbers for each class.');
  return finite('betaOf', { data, rows: palette.length, columns: 3 });
}

/** x = cβ: class scores or probabilities c [N, K] · β [K, 3] → colours [N, 3]. */
export function linearEncode(c: Matrix, beta: Matrix): Matrix {
  return multiply('linearEncode', c, beta);
}

/** ĉ = x̂β†: colours [N, 3] · β† [3, K] → class scores [N, K], whose arg max is the linear 𝒳⁻¹ (§3.3). */
export function linearDecode(x: Matrix, inverse: Matrix): Matrix {
  return multiply('linearDecode', finite('linearDecode', x), inverse);
}

/**
 * γ = (βᵀβ)⁻¹βᵀ, [3, K]: the least-squares inverse of β (Eq. 15, appendix A.2). The β† = βᵀ(ββᵀ)⁻¹ of §3.3 is singular for
 * K > 3. Its arg max is not the nearest colour: they agree on 11 % of the pixels at K = 150.
 *
 * @throws RangeError if the colours lie in a plane through the origin (fewer than three independent ones).
 */
export function leastSquares(beta: Matrix): Matrix {
  return solveNormal('leastSquares', finite('leastSquares', beta), transpose(beta));
}

/**
 * γ fitted on pixels: argmin ‖x̂γ − c‖² = (x̂ᵀx̂)⁻¹x̂ᵀc over the labelled pixels (Eq. 13–15), [3, K].
 *
 * @param x colours [N, 3] of decoded maskiges, in the scale that `linearDecode` will get.
 * @param labels the true classes of those N pixels; `ignore` (default 255) is left out.
 */
export function fitLeastSquares(x: Matrix, labels: LabelView, K: number, ignore = 255): Matrix {
  const who = 'fitLeastSquares';
  const { width, height, offset, stride } = layout(who, labels, [1]);
  if (x.rows !== width * height || x.columns !== 3) {
    throw new RangeError(
      `${who}: expected colours [${width * height}, 3] for the labels, got [${x.rows}, ${x.columns}].`,
    );
  }
  finite(who, x);
  const chosen: number[] = [];
  const sums = new Float64Array(3 * K); // x̂ᵀc
  for (let i = 0; i < x.rows; i++) {
    const label = labels.data[offset + Math.floor(i / width) * stride + (i % width)]!;
    if (label === ignore) continue;
    if (label >= K) throw new RangeError(`${who}: label ${label} at pixel ${i} is not one of ${K} classes.`);
    for (let c = 0; c < 3; c++) {
      chosen.push(x.data[3 * i + c]!);
      sums[c * K + label]! += x.data[3 * i + c]!;
    }
  }
  const used = { data: Float64Array.from(chosen), rows: chosen.length / 3, columns: 3 };
  return solveNormal(who, used, { data: sums, rows: 3, columns: K });
}

/** The column with the largest value of each row, the lower on a tie. */
export function argmax({ data, rows, columns }: Matrix): Uint16Array {
  const best = new Uint16Array(rows);
  for (let i = 0; i < rows; i++) {
    let k = 0;
    for (let j = 1; j < columns; j++) if (data[i * columns + j]! > data[i * columns + k]!) k = j;
    best[i] = k;
  }
  return best;
}

/** (aᵀa)⁻¹ · right, for a [N, 3] and right [3, K], by the adjugate of the 3×3 matrix. */
function solveNormal(who: string, a: Matrix, right: Matrix): Matrix {
  if (a.columns !== 3) throw new RangeError(`${who}: expected three columns, got ${a.columns}.`);
  const m = multiply(who, transpose(a), a).data;
  const cofactor = (i: number, j: number) => {
    const [r, s] = [(i + 1) % 3, (i + 2) % 3];
    const [t, u] = [(j + 1) % 3, (j + 2) % 3];
    return m[3 * r + t]! * m[3 * s + u]! - m[3 * r + u]! * m[3 * s + t]!;
  };
  const determinant = m[0]! * cofactor(0, 0) + m[1]! * cofactor(0, 1) + m[2]! * cofactor(0, 2);
  const size = Math.max(m[0]!, m[4]!, m[8]!);
  if (!(Math.abs(determinant) > 1e-12 * size ** 3)) {
    throw new RangeError(
      `${who}: the ${a.rows} colours do not span three dimensions, so they have no least-squares inverse.`,
    );
  }
  const inverse = Float64Array.from({ length: 9 }, (_, i) => cofactor(i % 3, Math.floor(i / 3)) / determinant);
  return multiply(who, { data: inverse, rows: 3, columns: 3 }, right);
}

function multiply(who: string, a: Matrix, b: Matrix): Matrix {
  if (a.columns !== b.rows) {
    throw new RangeError(
      `${who}: [${a.rows}, ${a.columns}] · [${b.rows}, ${b.columns}] does not fit; the number of classes or channels differs.`,
    );
  }
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const v = a.data[i * a.columns + k]!;
      for (let j = 0; j < b.columns; j++) data[i * b.columns + j]! += v * b.data[k * b.columns + j]!;
    }
  }
  return { data, rows: a.rows, columns: b.columns };
}

function transpose({ data, rows, columns }: Matrix): Matrix {
  const turned = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[j * rows + i] = data[i * columns + j]!;
  return { data: turned, rows: columns, columns: rows };
}

function finite(who: string, matrix: Matrix): Matrix {
  if (matrix.data.length !== matrix.rows * matrix.columns) {
    throw new RangeError(
      `${who}: a [${matrix.rows}, ${matrix.columns}] matrix needs ${matrix.rows * matrix.columns} numbers, got ${matrix.data.length}.`,
    );
  }
  const bad = matrix.data.findIndex((v) => !Number.isFinite(v));
  if (bad < 0) return matrix;
  throw new RangeError(
    `${who}: the number at row ${Math.floor(bad / matrix.columns)}, column ${bad % matrix.columns} is ${matrix.data[bad]}.`,
  );
}
