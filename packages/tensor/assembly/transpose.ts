/**
 * Transposes a matrix: target[j, i] = source[i, j]; strides in bytes between rows.
 * Four by four values at a time in registers; edges one by one.
 */
export function transpose2d(
  source: usize,
  sourceStride: usize,
  rows: i32,
  columns: i32,
  target: usize,
  targetStride: usize,
): void {
  const fullRows = rows & ~3;
  const fullColumns = columns & ~3;
  for (let i = 0; i < fullRows; i += 4) {
    let s0 = source + <usize>i * sourceStride;
    let s1 = s0 + sourceStride;
    let s2 = s1 + sourceStride;
    let s3 = s2 + sourceStride;
    let t = target + ((<usize>i) << 2);
    for (let j = 0; j < fullColumns; j += 4) {
      const r0 = v128.load(s0);
      const r1 = v128.load(s1);
      const r2 = v128.load(s2);
      const r3 = v128.load(s3);
      const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const b = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const c = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(t, v128.shuffle<f32>(a, b, 0, 1, 4, 5));
      t += targetStride;
      v128.store(t, v128.shuffle<f32>(a, b, 2, 3, 6, 7));
      t += targetStride;
      v128.store(t, v128.shuffle<f32>(c, d, 0, 1, 4, 5));
      t += targetStride;
      v128.store(t, v128.shuffle<f32>(c, d, 2, 3, 6, 7));
      t += targetStride;
      s0 += 16;
      s1 += 16;
      s2 += 16;
      s3 += 16;
    }
    for (let j = fullColumns; j < columns; j++) {
      store<f32>(t, load<f32>(s0));
      store<f32>(t, load<f32>(s1), 4);
      store<f32>(t, load<f32>(s2), 8);
      store<f32>(t, load<f32>(s3), 12);
      t += targetStride;
      s0 += 4;
      s1 += 4;
      s2 += 4;
      s3 += 4;
    }
  }
  for (let i = fullRows; i < rows; i++) {
    let s = source + <usize>i * sourceStride;
    let t = target + ((<usize>i) << 2);
    for (let j = 0; j < columns; j++) {
      store<f32>(t, load<f32>(s));
      s += 4;
      t += targetStride;
    }
  }
}
